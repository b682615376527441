// The loops of system calls that are the reference of the benchmark.
#include "loops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <functional>

namespace loops {
namespace {

// Numbers of linux/mount.h, which older headers lack.
constexpr int kOpenTree = 428, kMoveMount = 429, kFsOpen = 430, kFsConfig = 431, kFsMount = 432;
constexpr int kMountSetAttributes = 442, kStatMount = 457;
constexpr unsigned kTreeClone = 1, kRecursive = 0x8000, kMoveFromEmptyPath = 4;
constexpr uint64_t kReadOnly = 1;

using Words = std::vector<std::string>;

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Arguments: source, target.
bool Bind(const Words& words) {
  return mount(words[0].c_str(), words[1].c_str(), nullptr, MS_BIND, nullptr) == 0 && umount2(words[1].c_str(), 0) == 0;
}

// Makes a bind mount that is read-only from the start: open_tree(2), mount_setattr(2), move_mount(2), umount2(2).
bool BindReadOnly(const Words& words, unsigned recursive, int umount_flags) {
  const uint64_t attributes[4] = {kReadOnly, 0, 0, 0};
  const int tree = syscall(kOpenTree, AT_FDCWD, words[0].c_str(), kTreeClone | O_CLOEXEC | recursive);
  bool ok = syscall(kMountSetAttributes, tree, "", AT_EMPTY_PATH | recursive, attributes, sizeof attributes) == 0;
  ok = ok && syscall(kMoveMount, tree, "", AT_FDCWD, words[1].c_str(), kMoveFromEmptyPath) == 0;
  close(tree);
  return ok && umount2(words[1].c_str(), umount_flags) == 0;
}

// Arguments: source, target, type, data.
bool Mount(const Words& words) {
  const char* data = words[3].empty() ? nullptr : words[3].c_str();
  return mount(words[0].c_str(), words[1].c_str(), words[2].c_str(), 0, data) == 0 && umount2(words[1].c_str(), 0) == 0;
}

// Fills `buffer`, a struct statx whose mount ID is at 0x90. The flags are STATX_MNT_ID_UNIQUE, AT_STATX_DONT_SYNC and
// AT_NO_AUTOMOUNT.
uint64_t MountId(const char* path, char* buffer) {
  if (syscall(SYS_statx, AT_FDCWD, path, 0x4800, 0x5000, buffer) < 0) return 0;
  uint64_t id;
  memcpy(&id, buffer + 0x90, sizeof id);
  return id;
}

// Mounts and unmounts with the extra calls of a handle that unmounts only its own mount: statx(2) after the mount and
// before the unmount. With `writable` the loop also calls statmount(2), to reject an overlay that the kernel mounted
// read-only.
bool MountKnown(const Words& words, bool writable) {
  char buffer[512];
  const char* target = words[1].c_str();
  bool ok = mount(words[0].c_str(), target, words[2].c_str(), 0, words[3].c_str()) == 0;
  const uint64_t id = MountId(target, buffer);
  const struct {
    uint32_t size, spare;
    uint64_t id, wanted;
  } request{24, 0, id, 1};
  if (writable) ok = ok && syscall(kStatMount, &request, buffer, sizeof buffer, 0) == 0;
  ok = ok && MountId(target, buffer) == id;
  return ok && umount2(target, 0) == 0;
}

// Arguments: target, layers. Mounts an overlay by fsopen(2) to move_mount(2), with each layer as a descriptor (Linux
// 6.13).
bool OverlayByDescriptors(const Words& words) {
  std::vector<int> descriptors;
  const int context = syscall(kFsOpen, "overlay", 1);
  bool ok = syscall(kFsConfig, context, 1, "source", "overlay", 0) == 0;
  for (size_t layer = 1; layer < words.size(); ++layer) {
    descriptors.push_back(open(words[layer].c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ok = ok && syscall(kFsConfig, context, 5, "lowerdir+", nullptr, descriptors.back()) == 0;
  }
  ok = ok && syscall(kFsConfig, context, 6, nullptr, nullptr, 0) == 0;
  const int tree = syscall(kFsMount, context, 1, 0);
  ok = ok && syscall(kMoveMount, tree, "", AT_FDCWD, words[0].c_str(), kMoveFromEmptyPath) == 0;
  for (const int descriptor : descriptors) close(descriptor);
  close(tree);
  close(context);
  return ok && umount2(words[0].c_str(), 0) == 0;
}

// Arguments: path.
bool AskMountPoint(const Words& words) {
  char buffer[256];
  return syscall(SYS_statx, AT_FDCWD, words[0].c_str(), 0x4800, 1, buffer) == 0;
}

// Walks everything in the upper directory, and looks up each entry in both layers.
bool WalkChanges(int upper, int lower) {
  DIR* const directory = fdopendir(upper);
  if (directory == nullptr) return false;
  bool ok = true;
  while (const dirent* entry = readdir(directory)) {
    const char* const name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    struct stat above, below;
    ok = ok && fstatat(upper, name, &above, AT_SYMLINK_NOFOLLOW) == 0;
    if (lower >= 0) fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW);
    if (!ok || !S_ISDIR(above.st_mode)) continue;
    const int next = lower < 0 ? -1 : openat(lower, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    ok = WalkChanges(openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), next);
    if (next >= 0) close(next);
  }
  closedir(directory);
  return ok;
}

bool Changes(const Words& words) {
  const int lower = open(words[1].c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const bool ok = WalkChanges(open(words[0].c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), lower);
  close(lower);
  return ok;
}

// Reads the mount table into memory that is already allocated.
bool ReadTable() {
  static std::vector<char> buffer(64 * 1024 * 1024);
  const int file = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  for (ssize_t part = 1; part > 0; length += part) {
    part = read(file, buffer.data() + length, buffer.size() - length);
    if (part < 0) return false;
  }
  close(file);
  return length > 0 && length < buffer.size();
}

}  // namespace

Answer Run(const std::string& name, int count, const Words& words) {
  std::function<bool(int)> once;
  const auto does = [&](const char* word, size_t least) { return name == word && words.size() >= least; };
  if (does("bind", 2)) once = [&](int) { return Bind(words); };
  if (does("bind-readonly", 2)) once = [&](int) { return BindReadOnly(words, 0, 0); };
  if (does("tree-readonly", 2)) once = [&](int) { return BindReadOnly(words, kRecursive, MNT_DETACH); };
  if (does("mount", 4)) once = [&](int) { return Mount(words); };
  if (does("mount-known", 4)) once = [&](int) { return MountKnown(words, false); };
  if (does("mount-known-writable", 4)) once = [&](int) { return MountKnown(words, true); };
  if (does("overlay-descriptors", 3)) once = [&](int) { return OverlayByDescriptors(words); };
  if (does("umount", static_cast<size_t>(count))) once = [&](int at) { return umount2(words[at].c_str(), 0) == 0; };
  if (does("is-mount-point", 1)) once = [&](int) { return AskMountPoint(words); };
  if (does("changes", 2)) once = [&](int) { return Changes(words); };
  if (does("table", 0)) once = [&](int) { return ReadTable(); };
  if (!once) return {0, name + ": unknown, or too few words"};
  const int64_t start = Now();
  for (int at = 0; at < count; ++at) {
    if (!once(at)) return {0, name + ": " + strerror(errno)};
  }
  return {Now() - start, ""};
}

}  // namespace loops
