#include "remount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "kernel.h"
#include "mount_lines.h"
#include "named_place.h"
#include "owned_fd.h"
#include "procfs.h"

namespace {

// MS_REMOUNT sets exactly the flags it is given: what the mount has must be among them, or it would be lost, and in a
// user namespace, where it may be locked, refused with EPERM.
int Remount(const OwnedFd& there, unsigned long flags) {
  return mount(nullptr, procfs::Fd(there.get()).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) < 0 ? errno
                                                                                                             : 0;
}

// The mount of a line of the table as a descriptor: from then on it is that mount, whatever happens to its path.
Outcome OpenMount(const MountLine& line, OwnedFd* mount) {
  NamedPlace place;
  if (const int error = place.Open(line.mount_point)) return Outcome::Failure(error, "openat2", "set attributes");
  *mount = place.OpenThere();
  if (!*mount) return Outcome::Failure(errno, "openat", "set attributes");
  uint64_t found = 0;
  if (kernel::MountId(mount->get(), "", AT_EMPTY_PATH, kernel::IdKind::kTable, &found) < 0) {
    return Outcome::Failure(errno, "statx", "set attributes");
  }
  // Another mount hides this one, which no path leads to: without mount_setattr it stays as it is.
  return found == line.id ? Outcome{} : Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
}

}  // namespace

Outcome RemountTree(const char* path, const attributes::Change& change) {
  uint64_t top = 0;
  if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kTable, &top) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (!kernel::IsMountPoint(AT_FDCWD, path, 0)) return Outcome::Failure(EINVAL, "mount", "set attributes");
  std::vector<MountLine> lines;
  if (!ReadMountTree(top, &lines)) return Outcome::Failure(errno, "read", "read the mount table");
  if (!change.recursive) lines.resize(1);
  std::vector<OwnedFd> mounts;
  Outcome outcome;
  for (const MountLine& line : lines) {
    OwnedFd& mount = mounts.emplace_back();
    if (line.id != top) {
      outcome = OpenMount(line, &mount);
    } else if (mount = OwnedFd(open(path, O_PATH | O_CLOEXEC)); !mount) {
      outcome = Outcome::Failure(errno, "open", "set attributes");
    }
    if (outcome.Failed()) return outcome;
  }
  for (size_t at = 0; at < lines.size(); ++at) {
    const int error = Remount(mounts[at], attributes::Apply(change, lines[at].attribute_flags));
    if (error == 0) continue;
    outcome = Outcome::Failure(error, "mount", "set attributes");
    while (at-- > 0) {
      if (Remount(mounts[at], lines[at].attribute_flags & attributes::kFlags) != 0) outcome.left = true;
    }
    break;
  }
  return outcome;
}

Outcome SetPropagation(const char* path, unsigned long propagation, bool recursive) {
  if (mount(nullptr, path, nullptr, propagation | (recursive ? MS_REC : 0), nullptr) == 0) return {};
  return Outcome::Failure(errno, "mount", "set propagation");
}
