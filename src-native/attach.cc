#include "attach.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel.h"

namespace {

// A file over a directory, or the other way round, is ENOTDIR to mount(2), and to move_mount(2) one of its many EINVAL.
int AttachError(int error, int tree, const char* target) {
  if (error != EINVAL) return error;
  const bool differ = kernel::IsDirectory(tree, "", AT_EMPTY_PATH) != kernel::IsDirectory(AT_FDCWD, target, 0);
  return differ ? ENOTDIR : EINVAL;
}

}  // namespace

Outcome Attach(int tree, const char* target, bool identify) {
  Outcome outcome;
  if (identify && kernel::MountId(tree, "", AT_EMPTY_PATH, kernel::IdKind::kLasting, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  constexpr unsigned kFlags = kernel::kMoveMountFromEmptyPath | kernel::kMoveMountToSymlinks;
  if (kernel::MoveMount(tree, "", AT_FDCWD, target, kFlags) < 0) {
    return Outcome::Failure(AttachError(errno, tree, target), "move_mount", "attach");
  }
  return outcome;
}
