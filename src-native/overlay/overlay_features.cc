#include "overlay/overlay_features.h"

#include <errno.h>
#include <fcntl.h>

#include <atomic>
#include <string>

#include "kernel/calls.h"
#include "kernel/owned_fd.h"
#include "kernel/transient_error.h"

namespace overlay {
namespace {

bool Accepts(unsigned command, const char* key, const char* value, int aux, Features* features) {
  const OwnedFd context(kernel::FsOpen("overlay", kernel::kFsOpenCloexec));
  if (context && kernel::FsConfig(context.get(), command, key, value, aux) == 0) return true;
  if (!context || IsTransient(errno)) features->error = errno;
  // "filesystem on / not supported as lowerdir" (ovl_mount_dir_check, fs/overlayfs/params.c): not as a layer, but the
  // parameter is known.
  return context && kernel::ReadLog(context.get()).find("not supported") != std::string::npos;
}

Features Try() {
  Features features;
  // A filter may know fsopen(2) and not move_mount(2): then all this leads nowhere.
  if (!kernel::HasMoveMount()) return features;
  const OwnedFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) features.error = errno;
  features.descriptors = root && Accepts(kernel::kFsConfigSetFd, "lowerdir+", nullptr, root.get(), &features);
  // Before 6.5 anything is accepted here and fails at the end, so that an option which does not exist tells.
  features.appends = features.descriptors ||
                     (!Accepts(kernel::kFsConfigSetFlag, "linux_mount_no_such_option", nullptr, 0, &features) &&
                      Accepts(kernel::kFsConfigSetString, "lowerdir+", "/", 0, &features));
  // What could not be tried was not refused.
  if (features.error != 0) features.appends = features.descriptors = false;
  return features;
}

}  // namespace

Features Find() {
  enum : int { kUnknown = 0, kKnown = 1, kAppends = 2, kDescriptors = 4 };
  // Two threads that ask at once come to the same answer, so the atomic needs no lock.
  static std::atomic<int> known{kUnknown};
  const int answer = known.load(std::memory_order_relaxed);
  if (answer != kUnknown) return {(answer & kAppends) != 0, (answer & kDescriptors) != 0, 0};
  if (!OwnedFd(kernel::FsOpen("overlay", kernel::kFsOpenCloexec))) {
    Features none;
    if (IsTransient(errno)) none.error = errno;
    return none;
  }
  const Features features = Try();
  if (features.error == 0) {
    const int found = kKnown | (features.appends ? kAppends : 0) | (features.descriptors ? kDescriptors : 0);
    known.store(found, std::memory_order_relaxed);
  }
  return features;
}

}  // namespace overlay
