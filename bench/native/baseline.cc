// The yardstick: the same system calls in a C loop, on the same thread of the same process as what is measured. A
// program of its own would not do, as umount(2) costs more in a process with several threads.
#include <errno.h>
#include <fcntl.h>
#include <napi.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

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
  exports.Set("overlayAndUmount", Napi::Function::New<OverlayAndUmount>(env));
  return exports;
}

NODE_API_MODULE(baseline, Init)
