// Tests how the overlayfs of the running kernel accepts its layers.
#include <errno.h>
#include <fcntl.h>

#include <atomic>
#include <string>

#include "kernel/calls.h"
#include "kernel/owned_fd.h"
#include "kernel/transient_error.h"
#include "overlay/overlay.h"

namespace overlay {
namespace {

bool Accepts(unsigned command, const char* key, const char* value, int aux, KernelSupport* support) {
  const OwnedFd context(kernel::FsOpen("overlay", kernel::kFsOpenCloexec));
  if (context && kernel::FsConfig(context.get(), command, key, value, aux) == 0) return true;
  if (!context || IsTransient(errno)) support->error = errno;
  // The kernel knows the parameter but refuses "/" as a layer if its log says "filesystem on / not supported as
  // lowerdir" (ovl_mount_dir_check, fs/overlayfs/params.c).
  return context && kernel::ReadLog(context.get()).find("not supported") != std::string::npos;
}

KernelSupport Test() {
  KernelSupport support;
  // A seccomp filter may allow fsopen(2) and deny move_mount(2); then the overlay could not be attached.
  if (!kernel::HasMoveMount()) return support;
  const OwnedFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) support.error = errno;
  support.descriptors = root && Accepts(kernel::kFsConfigSetFd, "lowerdir+", nullptr, root.get(), &support);
  // Before 6.5 fsconfig(2) accepts every parameter of overlayfs and only the creation fails. The test with an option
  // that does not exist detects such a kernel.
  support.appends =
      support.descriptors || (!Accepts(kernel::kFsConfigSetFlag, "linux_mount_no_such_option", nullptr, 0, &support) &&
                              Accepts(kernel::kFsConfigSetString, "lowerdir+", "/", 0, &support));
  // After a transient error the result is unknown.
  if (support.error != 0) support.appends = support.descriptors = false;
  return support;
}

}  // namespace

KernelSupport FindKernelSupport() {
  enum : int { kUnknown = 0, kKnown = 1, kAppends = 2, kDescriptors = 4 };
  // Two threads that test at the same time get the same result, so an atomic without a lock is enough.
  static std::atomic<int> known{kUnknown};
  const int answer = known.load(std::memory_order_relaxed);
  if (answer != kUnknown) return {(answer & kAppends) != 0, (answer & kDescriptors) != 0, 0};
  if (!OwnedFd(kernel::FsOpen("overlay", kernel::kFsOpenCloexec))) {
    KernelSupport none;
    if (IsTransient(errno)) none.error = errno;
    return none;
  }
  const KernelSupport support = Test();
  if (support.error == 0) {
    const int found = kKnown | (support.appends ? kAppends : 0) | (support.descriptors ? kDescriptors : 0);
    known.store(found, std::memory_order_relaxed);
  }
  return support;
}

}  // namespace overlay
