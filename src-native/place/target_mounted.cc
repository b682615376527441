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

// What is mounted at a target: how it is found again when names in the root are exchanged all the time.

namespace {

// A lookup is begun anew when something is renamed meanwhile, not for ever.
constexpr int kTries = 128;

// Takes down what is mounted at the end of a path; 0 or errno. Lazily, as all of it has to go and somebody may have
// entered it already.
int TakeDownAt(const std::string& path, bool is_copy) {
  // A copy of shared mounts is their peer, and takes from them what is taken from it.
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
  // It is not known what it is.
  if (outcome.Failed()) *mounted = OwnedFd();
  return outcome;
}

bool Target::TakeDown(const OwnedFd& mounted, bool is_copy) const {
  if (mounted) {
    // The descriptor stands for the mount itself, wherever it is by now; but without /proc nothing leads there.
    const int error = TakeDownAt(procfs::Fd(mounted.get()), is_copy);
    return error == 0 || (error == ENOENT && !root_ && TakeDownAt(path_, is_copy) == 0);
  }
  if (!root_) return TakeDownAt(path_, is_copy) == 0;
  // Once more, as what the machine was short of may be there again.
  OwnedFd opened;
  const Outcome outcome = OpenMounted(&opened);
  if (!outcome.Failed()) return TakeDown(opened, is_copy);
  // Somebody else has taken it down, and what is there now is not ours.
  if (outcome.error == ENOENT) return true;
  // To umount2(2) alone the path leads on to what has been mounted over it. mount(2) would make a slave of what is
  // below: so a copy stays if there is anything in it (EBUSY). What was mounted there before does, as this target has
  // it open.
  return umount2(PathBefore().c_str(), 0) == 0;
}

Outcome Target::OpenAbove(OwnedFd* mounted) const {
  // ".." of a root is that root, and what is mounted over it then is followed (fs/namei.c, follow_dotdot, step_into).
  // It takes no name, so that nobody can put another in its place.
  for (int attempt = 0; attempt < kTries; ++attempt) {
    *mounted = OwnedFd(kernel::OpenAt2(found_.get(), "..", O_PATH | O_CLOEXEC, kernel::kResolveInRoot));
    if (*mounted || errno != EAGAIN) break;
  }
  // A file has no "..", and openat2(2) may be missing.
  if (!*mounted) return OpenAboveByName(mounted);
  uint64_t below = 0, above = 0;
  if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &below) < 0 ||
      kernel::MountId(mounted->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &above) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  return above != below ? Outcome{} : Outcome::Failure(ENOENT, "openat2", "locate target");
}

// By the name that it has now, and only if what is there is a mount on the mount of what was found.
Outcome Target::OpenAboveByName(OwnedFd* mounted) const {
  uint64_t below = 0, above = 0;
  if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &below) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  int error = 0;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    NamedPlace place;
    error = place.Open(procfs::PathOf(found_.get()));
    if (error != 0) continue;
    *mounted = place.OpenThere();
    error = *mounted ? 0 : errno;
    if (error != 0) continue;
    if (kernel::MountPointId(mounted->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &above) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (above == 0) continue;
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) return Outcome::Failure(errno, "read", "read the mount table");
    const auto is_it = [&](const MountLine& line) { return line.id == above && line.parent_id == below; };
    if (std::any_of(table.begin(), table.end(), is_it)) return {};
  }
  // For want of a descriptor, or because it is elsewhere each time.
  return Outcome::Failure(IsTransient(error) ? error : EAGAIN, "open", "locate target");
}

Outcome Target::Locate(const std::optional<uint64_t>& id, std::string* path) {
  if (!root_) {
    *path = path_;
    return {};
  }
  uint64_t found = 0;
  const Outcome outcome = LocateByLookup(path, &found);
  // Links may have been exchanged since the mount was made. Where it is the table knows.
  if (id && (outcome.Failed() || found != *id)) LocateByTable(*id, path);
  return path->empty() ? outcome : Outcome{};
}

Outcome Target::LocateByLookup(std::string* path, uint64_t* id) {
  Outcome outcome = Find();
  for (int attempt = 0; !outcome.Failed() && attempt < kTries; ++attempt) {
    uint64_t there = 0;
    if (kernel::MountId(found_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, id) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (place_.Open(procfs::PathOf(found_.get())) == 0) {
      *path = place_.Path();
      if (kernel::MountId(AT_FDCWD, path->c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kUnique, &there) == 0 &&
          there == *id) {
        found_ = OwnedFd();
        return {};
      }
      path->clear();
    }
    // It has been moved meanwhile, with a directory on the way or by itself.
    found_ = OwnedFd();
    outcome = Find();
  }
  found_ = OwnedFd();
  return outcome.Failed() ? outcome : Outcome::Failure(EAGAIN, "openat2", "locate target");
}

// Whether the mount with this id is at a place that the table names, and nothing is mounted over it.
bool Target::IsAt(const std::string& mount_point, uint64_t id, std::string* path) {
  NamedPlace place;
  uint64_t there = 0;
  if (place.Open(mount_point) != 0) return false;
  if (kernel::MountId(AT_FDCWD, place.Path().c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kUnique, &there) < 0 ||
      there != id) {
    return false;
  }
  place_ = std::move(place);
  *path = place_.Path();
  return true;
}

bool Target::LocateByTable(uint64_t id, std::string* path) {
  const OwnedFd root(open(root_->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return false;
  kernel::MountStatus status;
  const bool knows = kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status) == 0;
  const uint64_t mountinfo_id = knows ? status.mountinfo_id : id;
  // Where a sandbox denies statmount(2) the table does not know the id: every place in the root is looked at.
  const bool is_known = knows || id < kernel::kFirstUniqueId;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) return false;
    const std::string top = procfs::PathOf(root.get());
    bool is_there = false;
    for (const MountLine& line : table) {
      if ((is_known && line.id != mountinfo_id) || !IsWithin(line.mount_point, top)) continue;
      is_there = true;
      if (IsAt(line.mount_point, id, path)) return true;
    }
    if (!is_there) return false;
  }
  return false;
}
