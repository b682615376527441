// Makes bind mounts, attached or detached, and verifies their attributes.
#include "mount/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include <vector>

#include "kernel/calls.h"
#include "kernel/mount_ids.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "table/mount_lines.h"

namespace bind {
namespace {

Outcome Mismatch() { return Outcome::Failure(EPROTO, "mount_setattr", "verify"); }

enum class Answer { kYes, kNo, kCannotTell };

Answer HasChange(uint64_t id, const attributes::Change& change) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status) < 0) return Answer::kCannotTell;
  return change.Apply(status.attributes) == status.attributes ? Answer::kYes : Answer::kNo;
}

// Compares the attributes of a mount, and of the mounts below it if the change is recursive, with the change.
// statmount(2) reads them by mount ID; a statfs(2) by path could block on the server of a network filesystem.
Answer AllHaveChange(uint64_t top, const attributes::Change& change) {
  Answer answer = HasChange(top, change);
  if (!change.recursive) return answer;
  std::vector<uint64_t> below;
  if (answer == Answer::kYes && kernel::ListMounts(&below, 0, top) < 0) return Answer::kCannotTell;
  for (size_t at = 0; at < below.size() && answer == Answer::kYes; ++at) answer = HasChange(below[at], change);
  return answer;
}

// Verifies that a mount and, if the change is recursive, the mounts below it have the requested attributes: by
// statmount(2), or by the mount table where statmount(2) is missing (before 6.8). `id` is the unique mount ID of the
// mount, or 0 if the caller does not know it.
Outcome Verify(int at, const char* path, unsigned flags, const attributes::Change& change, uint64_t id) {
  if (id != 0 || kernel::MountId(at, path, flags, kernel::IdKind::kUnique, &id) == 0) {
    const Answer answer = AllHaveChange(id, change);
    if (answer != Answer::kCannotTell) return answer == Answer::kYes ? Outcome{} : Mismatch();
  }
  if (kernel::MountId(at, path, flags, kernel::IdKind::kMountinfo, &id) < 0) {
    return Outcome::Failure(errno, "statx", "verify");
  }
  std::vector<MountLine> lines;
  if (!ReadMountTree(id, &lines)) return Outcome::Failure(errno, "read", "verify");
  if (!change.recursive) lines.resize(1);
  for (const MountLine& line : lines) {
    if (change.Apply(line.attributes) != line.attributes) return Mismatch();
  }
  return {};
}

Outcome AttachTree(const OwnedFd& tree, Target& target, const attributes::Change& change,
                   const Cancellation& cancellation) {
  Outcome outcome = target.IsInRoot() ? target.LookUp(kernel::IsDirectory(tree.get(), "", AT_EMPTY_PATH)) : Outcome{};
  if (!outcome.Failed()) outcome = Attach(tree.get(), target, cancellation);
  if (outcome.Failed()) return outcome;
  outcome.strategy = kTree;
  // A mount that is attached to a shared mount becomes shared itself, so its propagation is set after the attach.
  Outcome finished =
      change.propagation == 0 ? Outcome{} : ChangeAttached(tree.get(), "", AT_EMPTY_PATH, change.OnlyPropagation());
  if (!finished.Failed() && change.ChangesAttributes()) {
    finished = Verify(tree.get(), "", AT_EMPTY_PATH, change, outcome.mount_id);
  }
  if (!finished.Failed()) return outcome;
  finished.left = !target.Unmount(tree, true);
  return finished;
}

Outcome FinishRemount(const char* path, const attributes::Change& change, const Cancellation& cancellation) {
  if (change.recursive && change.slave_copies && kernel::SetPropagation(path, MS_SLAVE, true) < 0) {
    return Outcome::Failure(errno, "mount", "set propagation");
  }
  Outcome outcome = ChangeByRemount(path, change);
  if (!outcome.Failed() && change.ChangesAttributes()) outcome = Verify(AT_FDCWD, path, 0, change, 0);
  if (outcome.Failed()) return outcome;
  if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (!cancellation.Commit()) return Outcome::Failure(ECANCELED, "cancel", "cancel");
  outcome.strategy = kRemount;
  return outcome;
}

Outcome BindThenRemount(const char* source, Target& target, const attributes::Change& change,
                        const Cancellation& cancellation) {
  // mount(2) answers EINVAL to an empty and to a too long source (strndup_user, do_loopback). open_tree(2) has a
  // clearer error for each, and a caller gets the same errors from both strategies.
  if (*source == '\0') return Outcome::Failure(ENOENT, "mount", "bind");
  if (strlen(source) >= PATH_MAX) return Outcome::Failure(ENAMETOOLONG, "mount", "bind");
  Outcome outcome = target.LookUp(kernel::IsDirectory(AT_FDCWD, source, 0));
  if (outcome.Failed()) return outcome;
  const unsigned long flags = MS_BIND | (change.recursive ? MS_REC : 0);
  if (mount(source, target.FullPath().c_str(), nullptr, flags, nullptr) < 0) {
    return Outcome::Failure(errno, "mount", "bind");
  }
  OwnedFd mounted;
  outcome = target.OpenMounted(&mounted);
  // The path of the descriptor leads to the bind even if another process renames a directory meanwhile.
  if (!outcome.Failed()) outcome = FinishRemount(procfs::Fd(mounted.get()).c_str(), change, cancellation);
  if (outcome.Failed()) outcome.left = !target.Unmount(mounted, true);
  return outcome;
}

}  // namespace

Outcome Clone(int at, const char* source, const attributes::Change& change, int id_map, OwnedFd* tree) {
  const unsigned recursive = change.recursive ? kernel::kAtRecursive : 0;
  // An empty path means the descriptor `at` itself. Without a descriptor, open_tree(2) must fail for an empty path,
  // with ENOENT.
  const unsigned empty = at != AT_FDCWD && *source == '\0' ? AT_EMPTY_PATH : 0;
  *tree = OwnedFd(kernel::OpenTree(at, source, kernel::kOpenTreeClone | kernel::kOpenTreeCloexec | recursive | empty));
  if (!*tree) return Outcome::Failure(errno, "open_tree", "bind");
  const Outcome mapped = MapIds(tree->get(), id_map, change.recursive);
  if (mapped.Failed()) return mapped;
  attributes::Change wanted = change;
  wanted.propagation = change.recursive && change.slave_copies ? MS_SLAVE : 0;
  return ChangeDetached(wanted, tree);
}

Outcome Bind(const char* source, Target& target, const attributes::Change& change, int id_map,
             const Cancellation& cancellation) {
  if (kernel::HasTreeCopies()) {
    OwnedFd tree;
    const Outcome outcome = Clone(AT_FDCWD, source, change, id_map, &tree);
    if (!outcome.Failed()) return AttachTree(tree, target, change, cancellation);
    if (id_map >= 0 || outcome.error != ENOSYS) return outcome;
  }
  if (id_map >= 0) return Outcome::Failure(ENOSYS, "mount_setattr", "map ids");
  return BindThenRemount(source, target, change, cancellation);
}

}  // namespace bind

void BindCall::Read(Arguments& arguments) {
  arguments.Bytes("source", &source_);
  target_.Read(arguments);
  ReadChange(arguments, &change_);
  change_.slave_copies = true;
  id_map_.Read(arguments);
  arguments.Boolean("detached", &detached_).Boolean("requireUnmounted", &require_unmounted_);
  ReadOperation(arguments);
}

bool BindCall::IsRelative() const {
  return source_.empty() || source_[0] != '/' || (!detached_ && target_.IsRelative());
}

MountResult BindCall::Make() {
  Outcome outcome = id_map_.Open();
  if (outcome.Failed()) return MountResult(outcome);
  if (detached_) return MakeDetached();
  if (require_unmounted_) {
    outcome = target_.LookUp(kernel::IsDirectory(AT_FDCWD, source_.c_str(), 0));
    if (!outcome.Failed()) outcome = target_.RequireUnmounted();
  }
  if (!outcome.Failed()) outcome = bind::Bind(source_.c_str(), target_, change_, id_map_.fd(), cancellation_);
  return MountResult(outcome);
}

MountResult BindCall::MakeDetached() {
  MountResult result;
  result.outcome = bind::Clone(AT_FDCWD, source_.c_str(), change_, id_map_.fd(), &result.tree);
  if (!result.outcome.Failed()) result.outcome = ChangeDetached(change_.OnlyPropagation(), &result.tree);
  if (!result.outcome.Failed() && !cancellation_.Commit()) result.outcome = Cancelled();
  if (result.outcome.Failed()) return MountResult(result.outcome);
  result.outcome.strategy = bind::kTree;
  return result;
}
