// Changes attached mounts by mount_setattr(2), or by one remount after the other where that call is missing.
#include "mount/change.h"

#include <errno.h>
#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "place/lookup.h"
#include "table/mount_lines.h"

namespace {

Outcome NeedsMountSetattr() { return Outcome::Failure(ENOSYS, "mount_setattr", "set attributes"); }

// Sets all attributes of a mount and returns 0 or an errno. MS_REMOUNT clears every attribute that is not among the
// given flags. So `bits` must contain the attributes that stay. The mount would lose an attribute that `bits` lacks,
// and in a user namespace, where attributes may be locked, the kernel would refuse the call with EPERM.
int Remount(const OwnedFd& mounted, uint64_t bits) {
  const unsigned long flags = MS_REMOUNT | MS_BIND | attributes::FlagsOf(bits);
  return mount(nullptr, procfs::Fd(mounted.get()).c_str(), nullptr, flags, nullptr) < 0 ? errno : 0;
}

// Opens a mount below the mount `top`, so that a later rename of a directory cannot redirect the change. The lookup
// starts at the descriptor of `top`, because `top` may be hidden, or lie outside this process's root.
Outcome OpenMount(const OwnedFd& top, const std::string& top_point, const MountLine& line, OwnedFd* mount) {
  const std::string prefix = top_point == "/" ? top_point : top_point + '/';
  if (!line.mount_point.starts_with(prefix)) {
    return Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
  }
  *mount = lookup::WithoutLinks(top.get(), line.mount_point.substr(prefix.size()));
  if (!*mount) return Outcome::Failure(errno, "openat2", "set attributes");
  uint64_t found = 0;
  if (kernel::MountId(mount->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &found) < 0) {
    return Outcome::Failure(errno, "statx", "set attributes");
  }
  // A mount that another mount hides cannot be opened by a path, and only mount_setattr(2) with AT_RECURSIVE changes
  // it.
  return found == line.id ? Outcome{} : Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
}

Outcome RemountTree(const char* path, const attributes::Change& change) {
  if (((change.set | change.clear) & ~attributes::kBitsWithFlag) != 0) return NeedsMountSetattr();
  uint64_t top = 0;
  if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kMountinfo, &top) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (!kernel::IsMountPoint(AT_FDCWD, path, 0)) return Outcome::Failure(EINVAL, "mount", "set attributes");
  std::vector<MountLine> lines;
  if (!ReadMountTree(top, &lines)) return Outcome::Failure(errno, "read", "read the mount table");
  if (!change.recursive) lines.resize(1);
  std::vector<OwnedFd> mounts;
  mounts.emplace_back(open(path, O_PATH | O_CLOEXEC));
  if (!mounts[0]) return Outcome::Failure(errno, "open", "set attributes");
  Outcome outcome;
  for (size_t at = 1; at < lines.size() && !outcome.Failed(); ++at) {
    OwnedFd mount;
    outcome = OpenMount(mounts[0], lines[0].mount_point, lines[at], &mount);
    mounts.push_back(std::move(mount));
  }
  if (outcome.Failed()) return outcome;
  for (size_t at = 0; at < lines.size(); ++at) {
    const int error = Remount(mounts[at], change.Apply(lines[at].attributes));
    if (error == 0) continue;
    outcome = Outcome::Failure(error, "mount", "set attributes");
    while (at-- > 0) {
      if (Remount(mounts[at], lines[at].attributes) != 0) outcome.left = true;
    }
    break;
  }
  return outcome;
}

}  // namespace

void ReadChange(Arguments& arguments, attributes::Change* change) {
  unsigned long set = 0, clear = 0;
  arguments.Flags("set", &set)
      .Flags("clear", &clear)
      .Flags("propagation", &change->propagation)
      .Boolean("recursive", &change->recursive);
  change->set = set;
  change->clear = clear;
}

Outcome SetAttributes(int at, const char* path, unsigned flags, const attributes::Change& change) {
  kernel::MountAttributes wanted;
  wanted.set = change.set;
  wanted.clear = change.clear;
  wanted.propagation = change.propagation;
  const unsigned recursive = change.recursive ? kernel::kAtRecursive : 0;
  if (kernel::MountSetAttributes(at, path, flags | recursive, wanted) == 0) return {};
  return Outcome::Failure(errno, "mount_setattr", change.ChangesAttributes() ? "set attributes" : "set propagation");
}

Outcome ChangeByRemount(const char* path, const attributes::Change& change) {
  const Outcome outcome = change.ChangesAttributes() ? RemountTree(path, change) : Outcome{};
  if (outcome.Failed() || change.propagation == 0) return outcome;
  if (kernel::SetPropagation(path, change.propagation, change.recursive) == 0) return {};
  return Outcome::Failure(errno, "mount", "set propagation");
}

Outcome ChangeAttached(int at, const char* path, unsigned flags, const attributes::Change& change) {
  if (kernel::HasTreeChanges()) return SetAttributes(at, path, flags, change);
  return ChangeByRemount((flags & AT_EMPTY_PATH) != 0 ? procfs::Fd(at).c_str() : path, change);
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
    // mount(2) cannot change a detached mount.
    if (!kernel::HasTreeChanges()) return NeedsMountSetattr();
    return Change(tree_.get(), "", AT_EMPTY_PATH);
  }
  Outcome outcome = target_.LookUp();
  if (!outcome.Failed()) outcome = target_.OpenIfCancellable(cancellation_);
  return outcome.Failed() ? outcome : Change(target_.at(), target_.path(), target_.empty_path_flag());
}

Outcome ChangeCall::Change(int at, const char* path, unsigned flags) const {
  if (!cancellation_.Commit()) return Cancelled();
  return ChangeAttached(at, path, flags, change_);
}
