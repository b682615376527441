// Attaches and moves mounts: move_mount(2), or mount(2) with MS_MOVE before Linux 5.2.
#include "mount/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <utility>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/bind.h"

int AttachError(int error, int tree, const Target& target) {
  if (error != EINVAL) return error;
  const bool is_directory = kernel::IsDirectory(tree, "", AT_EMPTY_PATH);
  const bool onto_directory = kernel::IsDirectory(target.at(), target.path(), target.empty_path_flag());
  return is_directory != onto_directory ? ENOTDIR : EINVAL;
}

Outcome Attach(int tree, Target& target, const Cancellation& cancellation, Position position) {
  Outcome outcome = target.OpenIfCancellable(cancellation);
  if (outcome.Failed()) return outcome;
  if (kernel::MountId(tree, "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (position == Position::kBeneath) {
    if (!kernel::CanMoveBeneath()) return Outcome::Failure(EINVAL, "move_mount", "choose beneath");
    if (!target.IsMountPoint()) return Outcome::Failure(EINVAL, "move_mount", "check what is above");
  }
  if (!cancellation.Commit()) return Outcome::Failure(ECANCELED, "cancel", "cancel");
  unsigned flags = kernel::kMoveMountFromEmptyPath;
  flags |= target.empty_path_flag() ? kernel::kMoveMountToEmptyPath : kernel::kMoveMountToSymlinks;
  if (position == Position::kBeneath) flags |= kernel::kMoveMountBeneath;
  if (kernel::MoveMount(tree, "", target.at(), target.path(), flags) < 0) {
    return Outcome::Failure(AttachError(errno, tree, target), "move_mount", "attach");
  }
  return outcome;
}

Outcome FinishMount(const Target& target, const Cancellation& cancellation, OwnedFd* mounted) {
  Outcome outcome = target.IsInRoot() ? target.OpenMounted(mounted) : Outcome{};
  const int at = *mounted ? mounted->get() : AT_FDCWD;
  const char* const path = *mounted ? "" : target.FullPath().c_str();
  const unsigned flags = *mounted ? AT_EMPTY_PATH : 0;
  if (outcome.Failed()) {
  } else if (kernel::MountId(at, path, flags, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    outcome = Outcome::Failure(errno, "statx", "identify");
  } else if (!cancellation.Commit()) {
    outcome = Outcome::Failure(ECANCELED, "cancel", "cancel");
  }
  if (outcome.Failed()) outcome.left = !target.Unmount(*mounted, false);
  return outcome;
}

void MoveCall::Read(Arguments& arguments) {
  from_.Read(arguments);
  target_.Read(arguments);
  arguments.Boolean("beneath", &beneath_).Boolean("requireUnmounted", &require_unmounted_);
  ReadOperation(arguments);
}

Outcome MoveCall::Move() {
  Outcome outcome = from_.LookUp();
  if (outcome.Failed()) {
    outcome.index = 0;
    return outcome;
  }
  // The descriptor refers to this mount even if the path leads elsewhere later.
  const OwnedFd tree(open(from_.FullPath().c_str(), O_PATH | O_CLOEXEC));
  if (!tree) return Outcome::Failure(errno, "open", "open source");
  if (!kernel::IsMountPoint(tree.get(), "", AT_EMPTY_PATH)) {
    return Outcome::Failure(EINVAL, "move_mount", "check source");
  }
  outcome = target_.LookUp(kernel::IsDirectory(tree.get(), "", AT_EMPTY_PATH));
  if (!outcome.Failed()) outcome = target_.OpenIfCancellable(cancellation_);
  if (!outcome.Failed() && require_unmounted_) outcome = target_.RequireUnmounted();
  if (outcome.Failed()) return outcome;
  if (kernel::HasMoveMount()) {
    return Attach(tree.get(), target_, cancellation_, beneath_ ? Position::kBeneath : Position::kOnTop);
  }
  return beneath_ ? Outcome::Failure(ENOSYS, "move_mount", "attach") : MoveByMount(tree);
}

Outcome MoveCall::MoveByMount(const OwnedFd& tree) {
  if (!cancellation_.Commit()) return Cancelled();
  Outcome outcome;
  if (kernel::MountId(tree.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (mount(procfs::Fd(tree.get()).c_str(), target_.FullPath().c_str(), nullptr, MS_MOVE, nullptr) < 0) {
    return Outcome::Failure(AttachError(errno, tree.get(), target_), "mount", "move");
  }
  return outcome;
}

void AttachCall::Read(Arguments& arguments) {
  arguments.Descriptor("tree", &tree_, &tree_error_);
  target_.Read(arguments);
  arguments.Boolean("clone", &clone_).Boolean("beneath", &beneath_).Boolean("requireUnmounted", &require_unmounted_);
  ReadOperation(arguments);
}

Outcome AttachCall::AttachTree() {
  if (!tree_) return Outcome::Failure(tree_error_, "move_mount", "attach");
  if (clone_) {
    OwnedFd copy;
    attributes::Change whole_tree;
    whole_tree.recursive = true;
    whole_tree.slave_copies = true;
    const Outcome failure = bind::Clone(tree_.get(), "", whole_tree, -1, &copy);
    if (failure.Failed()) return Outcome::Failure(failure.error, "open_tree", "clone");
    tree_ = std::move(copy);
  }
  Outcome outcome = target_.LookUp(kernel::IsDirectory(tree_.get(), "", AT_EMPTY_PATH));
  if (!outcome.Failed() && require_unmounted_) outcome = target_.RequireUnmounted();
  if (!outcome.Failed()) {
    outcome = Attach(tree_.get(), target_, cancellation_, beneath_ ? Position::kBeneath : Position::kOnTop);
  }
  return outcome;
}

void CloseCall::Read(Arguments& arguments) { arguments.TakeDescriptor("tree", &tree_); }

Outcome CloseCall::Run() {
  tree_ = OwnedFd();
  return {};
}
