#include "mount/mount_change.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <utility>
#include <vector>

#include "kernel/calls.h"
#include "kernel/owned_fd.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "place/openat2_fallback.h"
#include "table/mount_lines.h"

namespace {

// MS_REMOUNT sets exactly the flags it is given: what the mount has must be among them, or it would be lost, and in a
// user namespace, where it may be locked, refused with EPERM.
int Remount(const OwnedFd& there, unsigned long flags) {
  return mount(nullptr, procfs::Fd(there.get()).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) < 0 ? errno
                                                                                                             : 0;
}

// A mount below another as a descriptor: from then on it is that mount, whatever happens to its path. It is looked for
// from the upper one, which needs no path itself: it may be hidden, or be in no directory that this process sees.
Outcome OpenMount(const OwnedFd& top, const std::string& top_point, const MountLine& line, OwnedFd* mount) {
  const std::string prefix = top_point == "/" ? top_point : top_point + '/';
  if (!line.mount_point.starts_with(prefix)) {
    return Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
  }
  *mount = walk::WithoutLinks(top.get(), line.mount_point.substr(prefix.size()));
  if (!*mount) return Outcome::Failure(errno, "openat2", "set attributes");
  uint64_t found = 0;
  if (kernel::MountId(mount->get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &found) < 0) {
    return Outcome::Failure(errno, "statx", "set attributes");
  }
  // Another mount hides this one, which no path leads to: without mount_setattr it stays as it is.
  return found == line.id ? Outcome{} : Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
}

Outcome RemountTree(const char* path, const attributes::Change& change) {
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

}  // namespace

Outcome SetAttributes(int at, const char* path, unsigned flags, const attributes::Change& change) {
  kernel::MountAttributes wanted;
  wanted.set = change.set;
  wanted.clear = change.clear;
  wanted.propagation = change.propagation;
  const unsigned recursive = change.recursive ? kernel::kAtRecursive : 0;
  if (kernel::MountSetAttributes(at, path, flags | recursive, wanted) == 0) return {};
  return Outcome::Failure(errno, "mount_setattr", change.Changes() ? "set attributes" : "set propagation");
}

Outcome ChangeByMount(const char* path, const attributes::Change& change) {
  Outcome outcome = change.Changes() ? RemountTree(path, change) : Outcome{};
  if (outcome.Failed() || change.propagation == 0) return outcome;
  if (kernel::SetPropagation(path, change.propagation, change.recursive) == 0) return {};
  return Outcome::Failure(errno, "mount", "set propagation");
}

Outcome ChangeMount(int at, const char* path, unsigned flags, const attributes::Change& change) {
  if (kernel::HasTreeChanges()) return SetAttributes(at, path, flags, change);
  // What a descriptor of a mount leads to is the mount itself.
  return ChangeByMount((flags & AT_EMPTY_PATH) != 0 ? procfs::Fd(at).c_str() : path, change);
}
