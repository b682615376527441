#include "attach.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel.h"

namespace {

// A file over a directory, or the other way round, is ENOTDIR to mount(2), and to move_mount(2) one of its many EINVAL.
int AttachError(int error, int tree, const Target& target) {
  if (error != EINVAL) return error;
  const bool is_directory = kernel::IsDirectory(tree, "", AT_EMPTY_PATH);
  const bool onto_directory = kernel::IsDirectory(target.at(), target.path(), target.empty_path_flag());
  return is_directory != onto_directory ? ENOTDIR : EINVAL;
}

// An unknown flag is looked at before anything else is.
bool KnowsBeneath() {
  const int result = kernel::MoveMount(
      -1, "", -1, "", kernel::kMoveMountBeneath | kernel::kMoveMountFromEmptyPath | kernel::kMoveMountToEmptyPath);
  return result == 0 || errno != EINVAL;
}

}  // namespace

Outcome Attach(int tree, const Target& target, const Ticket& ticket, Where where) {
  Outcome outcome;
  if (kernel::MountId(tree, "", AT_EMPTY_PATH, kernel::IdKind::kLasting, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (where == Where::kBeneath) {
    if (!kernel::CanMoveBeneath()) return Outcome::Failure(EINVAL, "move_mount", "choose beneath");
    if (!target.IsMountPoint()) return Outcome::Failure(EINVAL, "move_mount", "check what is above");
  }
  if (!ticket.Commit()) return Outcome::Failure(ECANCELED, "cancel", "cancel");
  unsigned flags = kernel::kMoveMountFromEmptyPath;
  flags |= target.empty_path_flag() ? kernel::kMoveMountToEmptyPath : kernel::kMoveMountToSymlinks;
  if (where == Where::kBeneath) flags |= kernel::kMoveMountBeneath;
  if (kernel::MoveMount(tree, "", target.at(), target.path(), flags) < 0) {
    const int error = errno;
    if (error == EINVAL && where == Where::kBeneath && !KnowsBeneath()) {
      return Outcome::Failure(ENOSYS, "move_mount", "attach beneath");
    }
    return Outcome::Failure(AttachError(error, tree, target), "move_mount", "attach");
  }
  return outcome;
}
