#include "mount/operations.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "mount/bind.h"
#include "mount/mount_change.h"
#include "mount/tree_change.h"

namespace {

void ReadChange(Arguments& arguments, attributes::Change* change) {
  unsigned long set = 0, clear = 0;
  arguments.Flags("set", &set)
      .Flags("clear", &clear)
      .Flags("propagation", &change->propagation)
      .Boolean("recursive", &change->recursive);
  change->set = set;
  change->clear = clear;
}

}  // namespace

void BindCall::Read(Arguments& arguments) {
  arguments.Bytes("source", &source_);
  target_.Read(arguments);
  ReadChange(arguments, &change_);
  change_.apart = true;
  id_map_.Read(arguments);
  arguments.Boolean("detached", &detached_).Boolean("vacant", &vacant_);
  ReadOperation(arguments);
}

bool BindCall::IsRelative() const {
  return source_.empty() || source_[0] != '/' || (!detached_ && target_.IsRelative());
}

MountResult BindCall::Make() {
  Outcome outcome = id_map_.Open();
  if (outcome.Failed()) return MountResult(outcome);
  if (!detached_) {
    if (vacant_) {
      outcome = target_.Find(kernel::IsDirectory(AT_FDCWD, source_.c_str(), 0));
      if (!outcome.Failed()) outcome = target_.CheckVacant();
    }
    if (!outcome.Failed()) outcome = bind::Bind(source_.c_str(), target_, change_, id_map_.fd(), cancellation_);
    return MountResult(outcome);
  }
  MountResult result;
  result.outcome = bind::Clone(AT_FDCWD, source_.c_str(), change_, id_map_.fd(), &result.tree);
  if (!result.outcome.Failed()) {
    result.outcome = ChangeTree(change_.OnlyPropagation(), &result.tree);
  }
  if (!result.outcome.Failed() && !cancellation_.Commit()) result.outcome = Cancelled();
  if (result.outcome.Failed()) return MountResult(result.outcome);
  result.outcome.way = bind::kTree;
  return result;
}

void ChangeCall::Read(Arguments& arguments) {
  arguments.OptionalDescriptor("tree", &tree_, &tree_error_, &has_tree_);
  target_.Read(arguments);
  ReadChange(arguments, &change_);
  ReadOperation(arguments);
}

Outcome ChangeCall::Run() {
  if (has_tree_) {
    if (!tree_) return Outcome::Failure(tree_error_, "mount_setattr", "set attributes");
    // mount(2) changes only what has its place.
    if (!kernel::HasTreeChanges()) return Outcome::Failure(ENOSYS, "mount_setattr", "set attributes");
    return Change(tree_.get(), "", AT_EMPTY_PATH);
  }
  Outcome outcome = target_.Find();
  if (!outcome.Failed()) outcome = target_.Hold(cancellation_);
  return outcome.Failed() ? outcome : Change(target_.at(), target_.path(), target_.empty_path_flag());
}

Outcome ChangeCall::Change(int at, const char* path, unsigned flags) const {
  if (!cancellation_.Commit()) return Cancelled();
  return ChangeMount(at, path, flags, change_);
}

void MoveCall::Read(Arguments& arguments) {
  from_.Read(arguments);
  to_.Read(arguments);
  arguments.Boolean("beneath", &beneath_).Boolean("vacant", &vacant_);
  ReadOperation(arguments);
}

Outcome MoveCall::Move() {
  Outcome outcome = from_.Find();
  if (outcome.Failed()) {
    outcome.index = 0;
    return outcome;
  }
  // From here on it is this mount and no other, wherever the path leads by now.
  const OwnedFd tree(open(from_.PathBefore().c_str(), O_PATH | O_CLOEXEC));
  if (!tree) return Outcome::Failure(errno, "open", "open source");
  if (!kernel::IsMountPoint(tree.get(), "", AT_EMPTY_PATH)) {
    return Outcome::Failure(EINVAL, "move_mount", "check source");
  }
  outcome = to_.Find(kernel::IsDirectory(tree.get(), "", AT_EMPTY_PATH));
  if (!outcome.Failed()) outcome = to_.Hold(cancellation_);
  if (!outcome.Failed() && vacant_) outcome = to_.CheckVacant();
  if (outcome.Failed()) return outcome;
  if (kernel::HasMoveMount()) {
    outcome = Attach(tree.get(), to_, cancellation_, beneath_ ? Where::kBeneath : Where::kOnTop);
  } else if (beneath_) {
    outcome = Outcome::Failure(ENOSYS, "move_mount", "attach");
  } else if (!cancellation_.Commit()) {
    outcome = Cancelled();
  } else if (kernel::MountId(tree.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    outcome = Outcome::Failure(errno, "statx", "identify");
  } else if (mount(procfs::Fd(tree.get()).c_str(), to_.PathBefore().c_str(), nullptr, MS_MOVE, nullptr) < 0) {
    outcome = Outcome::Failure(AttachError(errno, tree.get(), to_), "mount", "move");
  }
  return outcome;
}

void AttachCall::Read(Arguments& arguments) {
  arguments.Descriptor("tree", &tree_, &tree_error_);
  target_.Read(arguments);
  arguments.Boolean("clone", &clone_).Boolean("beneath", &beneath_).Boolean("vacant", &vacant_);
  ReadOperation(arguments);
}

Outcome AttachCall::GivePlace() {
  if (!tree_) return Outcome::Failure(tree_error_, "move_mount", "attach");
  if (clone_) {
    OwnedFd copy;
    attributes::Change everything;
    everything.recursive = true;
    everything.apart = true;
    const Outcome failure = bind::Clone(tree_.get(), "", everything, -1, &copy);
    if (failure.Failed()) return Outcome::Failure(failure.error, "open_tree", "clone");
    tree_ = std::move(copy);
  }
  Outcome outcome = target_.Find(kernel::IsDirectory(tree_.get(), "", AT_EMPTY_PATH));
  if (!outcome.Failed() && vacant_) outcome = target_.CheckVacant();
  if (!outcome.Failed()) {
    outcome = Attach(tree_.get(), target_, cancellation_, beneath_ ? Where::kBeneath : Where::kOnTop);
  }
  return outcome;
}

void CloseCall::Read(Arguments& arguments) { arguments.TakeDescriptor("tree", &tree_); }

Outcome CloseCall::Run() {
  tree_ = OwnedFd();
  return {};
}
