// The yardstick: the same system calls in a C loop, on the same thread of the same process as what is measured. A
// program of its own would not do, as umount(2) costs more in a process with several threads.
#include <errno.h>
#include <fcntl.h>
#include <napi.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// bindAndUmount(source, target, pairs): throws on the first failure.
static void BindAndUmount(const Napi::CallbackInfo& info) {
  const std::string source = info[0].As<Napi::String>();
  const std::string target = info[1].As<Napi::String>();
  const int pairs = info[2].As<Napi::Number>();
  for (int pair = 0; pair < pairs; ++pair) {
    if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) < 0 || umount2(target.c_str(), 0) < 0) {
      Napi::Error::New(info.Env(), "errno " + std::to_string(errno)).ThrowAsJavaScriptException();
      return;
    }
  }
}

// mountAndUmount(source, target, type, data, pairs): the same for any filesystem.
static void MountAndUmount(const Napi::CallbackInfo& info) {
  const std::string source = info[0].As<Napi::String>();
  const std::string target = info[1].As<Napi::String>();
  const std::string type = info[2].As<Napi::String>();
  const std::string data = info[3].As<Napi::String>();
  const int pairs = info[4].As<Napi::Number>();
  for (int pair = 0; pair < pairs; ++pair) {
    if (mount(source.c_str(), target.c_str(), type.c_str(), 0, data.c_str()) < 0 || umount2(target.c_str(), 0) < 0) {
      Napi::Error::New(info.Env(), "errno " + std::to_string(errno)).ThrowAsJavaScriptException();
      return;
    }
  }
}

// Fills `buffer`, a struct statx, of which the mount's id is at 0x90: STATX_MNT_ID_UNIQUE, AT_STATX_DONT_SYNC and
// AT_NO_AUTOMOUNT.
static uint64_t MountId(const char* path, char* buffer) {
  if (syscall(SYS_statx, AT_FDCWD, path, 0x4800, 0x5000, buffer) < 0) return 0;
  uint64_t id;
  std::memcpy(&id, buffer + 0x90, sizeof id);
  return id;
}

// mountKnownAndUmount(source, target, type, data, writable, pairs): the same by the calls that a handle takes which
// takes down only what it put up, and which refuses what was made read-only: statx(2), and where `writable`
// statmount(2), after the mount, statx(2) before the umount.
static void MountKnownAndUmount(const Napi::CallbackInfo& info) {
  const std::string source = info[0].As<Napi::String>();
  const std::string target = info[1].As<Napi::String>();
  const std::string type = info[2].As<Napi::String>();
  const std::string data = info[3].As<Napi::String>();
  const bool writable = info[4].As<Napi::Boolean>();
  const int pairs = info[5].As<Napi::Number>();
  constexpr int kStatMount = 457;
  for (int pair = 0; pair < pairs; ++pair) {
    char buffer[512];
    bool ok = mount(source.c_str(), target.c_str(), type.c_str(), 0, data.c_str()) == 0;
    const uint64_t id = MountId(target.c_str(), buffer);
    const struct {
      uint32_t size, spare;
      uint64_t id, wanted;
    } request{24, 0, id, 1};
    if (writable) ok = ok && syscall(kStatMount, &request, buffer, sizeof buffer, 0) == 0;
    ok = ok && MountId(target.c_str(), buffer) == id;
    if (!ok || umount2(target.c_str(), 0) < 0) {
      Napi::Error::New(info.Env(), "errno " + std::to_string(errno)).ThrowAsJavaScriptException();
      return;
    }
  }
}

// treeAndUmount(source, target, pairs): a read-only bind of a mount and all below it, and its umount: open_tree(2),
// mount_setattr(2), move_mount(2), umount2(2).
static void TreeAndUmount(const Napi::CallbackInfo& info) {
  const std::string source = info[0].As<Napi::String>();
  const std::string target = info[1].As<Napi::String>();
  const int pairs = info[2].As<Napi::Number>();
  constexpr int kOpenTree = 428, kMoveMount = 429, kMountSetAttributes = 442;
  constexpr int kRecursive = 0x8000;
  for (int pair = 0; pair < pairs; ++pair) {
    const uint64_t attributes[4] = {1, 0, 0, 0};
    const int tree = syscall(kOpenTree, AT_FDCWD, source.c_str(), 1 | O_CLOEXEC | kRecursive);
    bool ok = syscall(kMountSetAttributes, tree, "", AT_EMPTY_PATH | kRecursive, attributes, sizeof attributes) == 0;
    ok = ok && syscall(kMoveMount, tree, "", AT_FDCWD, target.c_str(), 4) == 0;
    close(tree);
    if (!ok || umount2(target.c_str(), MNT_DETACH) < 0) {
      Napi::Error::New(info.Env(), "errno " + std::to_string(errno)).ThrowAsJavaScriptException();
      return;
    }
  }
}

// overlayAndUmount(target, lower, pairs): an overlay of many layers by fsopen(2) ... move_mount(2), each layer by
// descriptor (Linux 6.13), and umount2(2).
static void OverlayAndUmount(const Napi::CallbackInfo& info) {
  const std::string target = info[0].As<Napi::String>();
  const Napi::Array list = info[1].As<Napi::Array>();
  const int pairs = info[2].As<Napi::Number>();
  std::vector<std::string> lower;
  for (uint32_t index = 0; index < list.Length(); ++index) lower.push_back(Napi::Value(list[index]).As<Napi::String>());
  for (int pair = 0; pair < pairs; ++pair) {
    constexpr int kFsOpen = 430, kFsConfig = 431, kFsMount = 432, kMoveMount = 429;
    std::vector<int> descriptors;
    const int context = syscall(kFsOpen, "overlay", 1);
    bool ok = syscall(kFsConfig, context, 1, "source", "overlay", 0) == 0;
    for (const std::string& layer : lower) {
      descriptors.push_back(open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      ok = ok && syscall(kFsConfig, context, 5, "lowerdir+", nullptr, descriptors.back()) == 0;
    }
    ok = ok && syscall(kFsConfig, context, 6, nullptr, nullptr, 0) == 0;
    const int tree = syscall(kFsMount, context, 1, 0);
    ok = ok && syscall(kMoveMount, tree, "", AT_FDCWD, target.c_str(), 4) == 0;
    for (const int descriptor : descriptors) close(descriptor);
    close(tree);
    close(context);
    if (!ok || umount2(target.c_str(), 0) < 0) {
      Napi::Error::New(info.Env(), "errno " + std::to_string(errno)).ThrowAsJavaScriptException();
      return;
    }
  }
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("bindAndUmount", Napi::Function::New<BindAndUmount>(env));
  exports.Set("mountAndUmount", Napi::Function::New<MountAndUmount>(env));
  exports.Set("mountKnownAndUmount", Napi::Function::New<MountKnownAndUmount>(env));
  exports.Set("treeAndUmount", Napi::Function::New<TreeAndUmount>(env));
  exports.Set("overlayAndUmount", Napi::Function::New<OverlayAndUmount>(env));
  return exports;
}

NODE_API_MODULE(baseline, Init)
