#include "mount/attach.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel/calls.h"
#include "kernel/path.h"

int AttachError(int error, int tree, const Target& target) {
  if (error != EINVAL) return error;
  const bool is_directory = kernel::IsDirectory(tree, "", AT_EMPTY_PATH);
  const bool onto_directory = kernel::IsDirectory(target.at(), target.path(), target.empty_path_flag());
  return is_directory != onto_directory ? ENOTDIR : EINVAL;
}

Outcome Attach(int tree, Target& target, const Cancellation& cancellation, Where where) {
  Outcome outcome = target.Hold(cancellation);
  if (outcome.Failed()) return outcome;
  if (kernel::MountId(tree, "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (where == Where::kBeneath) {
    if (!kernel::CanMoveBeneath()) return Outcome::Failure(EINVAL, "move_mount", "choose beneath");
    if (!target.IsMountPoint()) return Outcome::Failure(EINVAL, "move_mount", "check what is above");
  }
  if (!cancellation.Commit()) return Outcome::Failure(ECANCELED, "cancel", "cancel");
  unsigned flags = kernel::kMoveMountFromEmptyPath;
  flags |= target.empty_path_flag() ? kernel::kMoveMountToEmptyPath : kernel::kMoveMountToSymlinks;
  if (where == Where::kBeneath) flags |= kernel::kMoveMountBeneath;
  if (kernel::MoveMount(tree, "", target.at(), target.path(), flags) < 0) {
    return Outcome::Failure(AttachError(errno, tree, target), "move_mount", "attach");
  }
  return outcome;
}

Outcome FinishMount(const Target& target, const Cancellation& cancellation, OwnedFd* mounted) {
  Outcome outcome = target.IsInRoot() ? target.OpenMounted(mounted) : Outcome{};
  const int at = *mounted ? mounted->get() : AT_FDCWD;
  const char* const path = *mounted ? "" : target.PathBefore().c_str();
  const unsigned flags = *mounted ? AT_EMPTY_PATH : 0;
  if (outcome.Failed()) {
  } else if (kernel::MountId(at, path, flags, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    outcome = Outcome::Failure(errno, "statx", "identify");
  } else if (!cancellation.Commit()) {
    outcome = Outcome::Failure(ECANCELED, "cancel", "cancel");
  }
  if (outcome.Failed()) outcome.left = !target.TakeDown(*mounted, false);
  return outcome;
}
