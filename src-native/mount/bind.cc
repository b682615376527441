#include "mount/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "kernel/calls.h"
#include "kernel/mount_ids.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "mount/mount_change.h"
#include "mount/tree_change.h"
#include "table/mount_lines.h"

namespace bind {
namespace {

Outcome Mismatch() { return Outcome::Failure(EPROTO, "mount_setattr", "verify"); }

enum class Answer { kYes, kNo, kCannotTell };

Answer HasChange(uint64_t id, const attributes::Change& change) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status) < 0) return Answer::kCannotTell;
  const bool is_set = (status.attributes & change.set) == change.set;
  const bool is_cleared = (status.attributes & change.clear & ~change.set) == 0;
  return is_set && is_cleared ? Answer::kYes : Answer::kNo;
}

// By id, as to ask the filesystem may be to ask a server.
Answer AllHaveChange(uint64_t top, const attributes::Change& change) {
  Answer answer = HasChange(top, change);
  if (!change.recursive) return answer;
  std::vector<uint64_t> below;
  if (answer == Answer::kYes && kernel::ListMounts(&below, 0, top) < 0) return Answer::kCannotTell;
  for (size_t at = 0; at < below.size() && answer == Answer::kYes; ++at) answer = HasChange(below[at], change);
  return answer;
}

// Whether a mount and, with `change.recursive`, all below it have what was asked for: by the mount table where the
// kernel cannot be asked about each (before 6.8). `id` is the mount's unique mount ID, or 0.
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
    const unsigned long has = line.attribute_flags & attributes::kFlags;
    if (attributes::Apply(change, has) != has) return Mismatch();
  }
  return {};
}

Outcome BindTree(const OwnedFd& tree, Target& target, const attributes::Change& change,
                 const Cancellation& cancellation) {
  Outcome outcome = target.IsInRoot() ? target.Find(kernel::IsDirectory(tree.get(), "", AT_EMPTY_PATH)) : Outcome{};
  if (!outcome.Failed()) outcome = Attach(tree.get(), target, cancellation);
  if (outcome.Failed()) return outcome;
  outcome.way = kTree;
  // A new mount whose parent's is shared becomes shared itself: what it is to be has to be said when it has its place.
  Outcome finished =
      change.propagation == 0 ? Outcome{} : ChangeMount(tree.get(), "", AT_EMPTY_PATH, change.OnlyPropagation());
  if (!finished.Failed() && change.Changes()) {
    finished = Verify(tree.get(), "", AT_EMPTY_PATH, change, outcome.mount_id);
  }
  if (!finished.Failed()) return outcome;
  finished.left = !target.TakeDown(tree, true);
  return finished;
}

Outcome Finish(const char* path, const attributes::Change& change, const Cancellation& cancellation) {
  if (change.recursive && change.apart && kernel::SetPropagation(path, MS_SLAVE, true) < 0) {
    return Outcome::Failure(errno, "mount", "set propagation");
  }
  Outcome outcome = ChangeByMount(path, change);
  if (!outcome.Failed() && change.Changes()) outcome = Verify(AT_FDCWD, path, 0, change, 0);
  if (outcome.Failed()) return outcome;
  if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kUnique, &outcome.mount_id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (!cancellation.Commit()) return Outcome::Failure(ECANCELED, "cancel", "cancel");
  outcome.way = kRemount;
  return outcome;
}

Outcome BindThenRemount(const char* source, Target& target, const attributes::Change& change,
                        const Cancellation& cancellation) {
  // mount(2) says EINVAL to both (strndup_user, do_loopback).
  if (*source == '\0') return Outcome::Failure(ENOENT, "mount", "bind");
  if (strlen(source) >= PATH_MAX) return Outcome::Failure(ENAMETOOLONG, "mount", "bind");
  Outcome outcome = target.Find(kernel::IsDirectory(AT_FDCWD, source, 0));
  if (outcome.Failed()) return outcome;
  const unsigned long flags = MS_BIND | (change.recursive ? MS_REC : 0);
  if (mount(source, target.PathBefore().c_str(), nullptr, flags, nullptr) < 0) {
    return Outcome::Failure(errno, "mount", "bind");
  }
  OwnedFd mounted;
  outcome = target.OpenMounted(&mounted);
  // The descriptor stands for the mount itself, wherever it is by now.
  if (!outcome.Failed()) outcome = Finish(procfs::Fd(mounted.get()).c_str(), change, cancellation);
  if (outcome.Failed()) outcome.left = !target.TakeDown(mounted, true);
  return outcome;
}

}  // namespace

Outcome Clone(int at, const char* source, const attributes::Change& change, int id_map, OwnedFd* tree) {
  const unsigned recursive = change.recursive ? kernel::kAtRecursive : 0;
  // An empty path is one that does not exist, unless it comes with a descriptor.
  const unsigned empty = at != AT_FDCWD && *source == '\0' ? AT_EMPTY_PATH : 0;
  *tree = OwnedFd(kernel::OpenTree(at, source, kernel::kOpenTreeClone | kernel::kOpenTreeCloexec | recursive | empty));
  if (!*tree) return Outcome::Failure(errno, "open_tree", "bind");
  if (id_map >= 0) {
    kernel::MountAttributes map;
    map.set = kernel::kMountAttrIdMap;
    map.userns_fd = static_cast<uint64_t>(id_map);
    if (kernel::MountSetAttributes(tree->get(), "", AT_EMPTY_PATH | recursive, map) < 0) {
      return Outcome::Failure(errno, "mount_setattr", "map ids");
    }
  }
  attributes::Change wanted = change;
  wanted.propagation = change.recursive && change.apart ? MS_SLAVE : 0;
  return ChangeTree(wanted, tree);
}

Outcome Bind(const char* source, Target& target, const attributes::Change& change, int id_map,
             const Cancellation& cancellation) {
  if (kernel::HasTreeCopies()) {
    OwnedFd tree;
    const Outcome outcome = Clone(AT_FDCWD, source, change, id_map, &tree);
    if (!outcome.Failed()) return BindTree(tree, target, change, cancellation);
    if (id_map >= 0 || outcome.error != ENOSYS) return outcome;
  }
  if (id_map >= 0) return Outcome::Failure(ENOSYS, "mount_setattr", "map ids");
  return BindThenRemount(source, target, change, cancellation);
}

}  // namespace bind
