#include "remount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <string>
#include <vector>

#include "kernel.h"
#include "mount_lines.h"

namespace {

// MS_REMOUNT sets exactly the flags it is given: what the mount has must be among them, or it would be lost, and in a
// user namespace, where it may be locked, refused with EPERM.
int Remount(const char* path, unsigned long flags) {
  return mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) < 0 ? errno : 0;
}

Outcome ChangeOne(const char* path, const MountLine& line, const attributes::Change& change) {
  uint64_t found = 0;
  if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kTable, &found) < 0) {
    return Outcome::Failure(errno, "statx", "set attributes");
  }
  // Another mount hides this one, which no path leads to: without mount_setattr it stays as it is.
  if (found != line.id) return Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
  const int error = Remount(path, attributes::Apply(change, line.attribute_flags));
  return error == 0 ? Outcome{} : Outcome::Failure(error, "mount", "set attributes");
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
  const auto path_of = [&](const MountLine& line) { return line.id == top ? path : line.mount_point.c_str(); };
  for (size_t at = 0; at < lines.size(); ++at) {
    Outcome outcome = ChangeOne(path_of(lines[at]), lines[at], change);
    if (!outcome.Failed()) continue;
    while (at-- > 0) {
      if (Remount(path_of(lines[at]), lines[at].attribute_flags & attributes::kFlags) != 0) outcome.left = true;
    }
    return outcome;
  }
  return {};
}

Outcome SetPropagation(const char* path, unsigned long propagation, bool recursive) {
  if (mount(nullptr, path, nullptr, propagation | (recursive ? MS_REC : 0), nullptr) == 0) return {};
  return Outcome::Failure(errno, "mount", "set propagation");
}
