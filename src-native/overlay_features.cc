#include "overlay_features.h"

#include <errno.h>
#include <fcntl.h>

#include <atomic>

#include "kernel.h"
#include "owned_fd.h"
#include "passing.h"

namespace overlay {
namespace {

// What was found; not `certain` where the process had no descriptor left to try with, or the like.
struct Trial {
  Features features;
  bool certain = true;

  bool Accepts(unsigned command, const char* key, const char* value, int aux) {
    const OwnedFd context(kernel::FsOpen("overlay", kernel::kFsOpenCloexec));
    if (context && kernel::FsConfig(context.get(), command, key, value, aux) == 0) return true;
    if (!context || IsPassing(errno)) certain = false;
    return false;
  }
};

Trial Try() {
  Trial trial;
  // A filter may know fsopen(2) and not move_mount(2): then all this leads nowhere.
  if (!kernel::HasMoveMount()) return trial;
  const OwnedFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  trial.certain = static_cast<bool>(root);
  Features& features = trial.features;
  features.descriptors = root && trial.Accepts(kernel::kFsConfigSetFd, "lowerdir+", nullptr, root.get());
  // Before 6.5 anything is accepted here and fails at the end, so that an option which does not exist tells.
  features.appends =
      features.descriptors || (!trial.Accepts(kernel::kFsConfigSetFlag, "linux_mount_no_such_option", nullptr, 0) &&
                               trial.Accepts(kernel::kFsConfigSetString, "lowerdir+", "/", 0));
  return trial;
}

}  // namespace

Features Find() {
  enum : int { kUnknown = 0, kKnown = 1, kAppends = 2, kDescriptors = 4 };
  // Two threads that ask at once come to the same answer, so the atomic needs no lock.
  static std::atomic<int> known{kUnknown};
  const int answer = known.load(std::memory_order_relaxed);
  if (answer != kUnknown) return {(answer & kAppends) != 0, (answer & kDescriptors) != 0};
  const bool possible = static_cast<bool>(OwnedFd(kernel::FsOpen("overlay", kernel::kFsOpenCloexec)));
  const auto [features, certain] = possible ? Try() : Trial{};
  if (possible && certain) {
    const int found = kKnown | (features.appends ? kAppends : 0) | (features.descriptors ? kDescriptors : 0);
    known.store(found, std::memory_order_relaxed);
  }
  return features;
}

}  // namespace overlay
