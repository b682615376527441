// Finds and unmounts the mount at a target, even while other processes rename directories in the root of the target.
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel/calls.h"
#include "kernel/mount_ids.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "kernel/transient_error.h"
#include "place/target.h"
#include "table/mount_lines.h"

namespace {

// A lookup that a rename interrupts is retried, but not for ever: an attacker can rename all the time.
constexpr int kTries = 128;

// Unmounts the topmost mount at the end of a path with everything below it, and returns 0 or an errno. The unmount is
// lazy, because another process may already have a file open on the mount.
int UnmountAt(const std::string& path, bool is_copy) {
  // A copy of a shared mount is its peer: an unmount below the copy would propagate to the mount that was copied.
  if (is_copy && kernel::SetPropagation(path.c_str(), MS_SLAVE, true) < 0) return errno;
  return umount2(path.c_str(), MNT_DETACH) < 0 ? errno : 0;
}

bool IsWithin(const std::string& path, const std::string& top) {
  if (top == "/") return true;
  return path.compare(0, top.size(), top) == 0 && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace

Outcome Target::OpenMounted(OwnedFd* mounted) const {
  if (!found_) {
    *mounted = OwnedFd(open(path_.c_str(), O_PATH | O_CLOEXEC));
    return *mounted ? Outcome{} : Outcome::Failure(errno, "open", "locate target");
  }
  Outcome outcome = OpenAbove(mounted);
  // OpenAbove may have opened a mount without being able to identify it.
  if (outcome.Failed()) *mounted = OwnedFd();
  return outcome;
}

bool Target::Unmount(const OwnedFd& mounted, bool is_copy) const {
  if (mounted) {
    // The path of the descriptor leads to the mount wherever it is mounted by now. ENOENT: /proc is not mounted.
    const int error = UnmountAt(procfs::Fd(mounted.get()), is_copy);
    return error == 0 || (error == ENOENT && !root_ && UnmountAt(path_, is_copy) == 0);
  }
  if (!root_) return UnmountAt(path_, is_copy) == 0;
  // The open is tried once more: a shortage of descriptors or memory may be over.
  OwnedFd opened;
  const Outcome outcome = OpenMounted(&opened);
  if (!outcome.Failed()) return Unmount(opened, is_copy);
  // ENOENT: another process has unmounted the mount, so that nothing is left to unmount.
  if (outcome.error == ENOENT) return true;
  // Only umount2(2) follows this path to the mount on top of the opened directory; mount(2) would change the mount
  // beneath. So this function cannot make a copy a slave first, and the unmount is not lazy: a copy with submounts
  // stays mounted (EBUSY). The mount beneath stays mounted in any case, because this target holds a descriptor of it.
  return umount2(FullPath().c_str(), 0) == 0;
}

Outcome Target::OpenAbove(OwnedFd* mounted) const {
  // The kernel resolves ".." of a root to the root itself and then enters the mount on top of it (fs/namei.c,
  // follow_dotdot, step_into). A lookup of ".." needs no name that another process could rename.
  for (int attempt = 0; attempt < kTries; ++attempt) {
    *mounted = OwnedFd(kernel::OpenAt2(found_.get(), "..", O_PATH | O_CLOEXEC, kernel::kResolveInRoot));
    if (*mounted || errno != EAGAIN) break;
  }
  // The lookup of ".." fails for a file, and where openat2(2) is missing.
  if (!*mounted) return OpenAboveByName(mounted);
  uint64_t below = 0, above = 0;
  if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &below) < 0 ||
      kernel::MountId(mounted->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &above) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  return above != below ? Outcome{} : Outcome::Failure(ENOENT, "openat2", "locate target");
}

// Opens the mount on top of the target's directory or file, by the current path of that directory or file. The mount
// table must confirm that the opened mount is a child of the mount beneath.
Outcome Target::OpenAboveByName(OwnedFd* mounted) const {
  uint64_t below = 0, above = 0;
  if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &below) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  int error = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    PinnedPath pinned;
    error = pinned.Open(procfs::PathOf(found_.get()));
    if (error != 0) continue;
    *mounted = pinned.OpenEntry();
    error = *mounted ? 0 : errno;
    if (error != 0) continue;
    if (kernel::MountPointId(mounted->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &above) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (above == 0) continue;
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) return Outcome::Failure(errno, "read", "read the mount table");
    const auto is_child = [&](const MountLine& line) { return line.id == above && line.parent_id == below; };
    if (std::any_of(table.begin(), table.end(), is_child)) return {};
  }
  // A transient error is a shortage of descriptors or memory. EAGAIN: the mount was at a new path in each attempt.
  return Outcome::Failure(IsTransient(error) ? error : EAGAIN, "open", "locate target");
}

Outcome Target::LocateMounted(const std::optional<uint64_t>& id, std::string* path) {
  if (!root_) {
    *path = path_;
    return {};
  }
  uint64_t found = 0;
  const Outcome outcome = LocateByLookup(path, &found);
  // Symbolic links may have changed since the mount was made, but the mount table has its current mount point.
  if (id && (outcome.Failed() || found != *id)) LocateByTable(*id, path);
  return path->empty() ? outcome : Outcome{};
}

Outcome Target::LocateByLookup(std::string* path, uint64_t* id) {
  Outcome outcome = LookUp();
  for (int attempt = 0; !outcome.Failed() && attempt < kTries; ++attempt) {
    uint64_t found = 0;
    if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, id) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (mount_point_.Open(procfs::PathOf(found_.get())) == 0) {
      *path = mount_point_.Path();
      if (kernel::MountId(AT_FDCWD, path->c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kUnique, &found) == 0 &&
          found == *id) {
        found_ = OwnedFd();
        return {};
      }
      path->clear();
    }
    // The mount, or a directory in its path, has been moved or renamed meanwhile.
    found_ = OwnedFd();
    outcome = LookUp();
  }
  found_ = OwnedFd();
  return outcome.Failed() ? outcome : Outcome::Failure(EAGAIN, "openat2", "locate target");
}

// Whether the mount with this ID is the topmost one at a mount point from the mount table. For the topmost mount, this
// function sets `path` to a path for umount2(2).
bool Target::IsAt(const std::string& mount_point, uint64_t id, std::string* path) {
  PinnedPath pinned;
  uint64_t found = 0;
  if (pinned.Open(mount_point) != 0) return false;
  if (kernel::MountId(AT_FDCWD, pinned.Path().c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kUnique, &found) < 0 ||
      found != id) {
    return false;
  }
  mount_point_ = std::move(pinned);
  *path = mount_point_.Path();
  return true;
}

bool Target::LocateByTable(uint64_t id, std::string* path) {
  const OwnedFd root(open(root_->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return false;
  kernel::MountStatus status;
  const bool has_status = kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status) == 0;
  const uint64_t mountinfo_id = has_status ? status.mountinfo_id : id;
  // Where a sandbox denies statmount(2), no line of the mount table can be matched with a unique mount ID. Then every
  // mount point inside the root is examined.
  const bool is_known = has_status || id < kernel::kFirstUniqueId;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) return false;
    const std::string top = procfs::PathOf(root.get());
    bool is_in_root = false;
    for (const MountLine& line : table) {
      if ((is_known && line.id != mountinfo_id) || !IsWithin(line.mount_point, top)) continue;
      is_in_root = true;
      if (IsAt(line.mount_point, id, path)) return true;
    }
    if (!is_in_root) return false;
  }
  return false;
}
