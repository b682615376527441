#include "bind.h"

#include <errno.h>
#include <fcntl.h>

#include <string>
#include <vector>

#include "attach.h"
#include "attributes.h"
#include "mount_lines.h"
#include "owned_fd.h"

namespace bind {
namespace {

// open_tree(2), mount_setattr(2), move_mount(2): until the last the copy has no place, and with its descriptor it
// disappears.
Outcome BindTree(const char* source, const char* target, unsigned long flags, bool identify) {
  const unsigned recursive = flags & MS_REC ? kernel::kAtRecursive : 0;
  const OwnedFd tree(kernel::OpenTree(AT_FDCWD, source, kernel::kOpenTreeClone | kernel::kOpenTreeCloexec | recursive));
  if (!tree) return Outcome::Failure(errno, "open_tree", "bind");
  if (kernel::MountSetAttributes(tree.get(), "", AT_EMPTY_PATH | recursive, attributes::FromFlags(flags)) < 0) {
    return Outcome::Failure(errno, "mount_setattr", "set attributes");
  }
  return Attach(tree.get(), target, identify);
}

// MS_REMOUNT sets exactly the flags it is given: what the mount has must be among them, or it would be lost, and in a
// user namespace, where it may be locked, refused with EPERM.
unsigned long RemountFlags(unsigned long has, unsigned long asked) {
  const unsigned long atime =
      asked & attributes::kAtimeFlags ? asked & attributes::kAtimeFlags : has & attributes::kAtimeFlags;
  return MS_REMOUNT | MS_BIND | ((has | asked) & attributes::kFlags & ~attributes::kAtimeFlags) | atime;
}

Outcome RemountTree(const char* target, uint64_t top, unsigned long flags) {
  std::vector<MountLine> lines;
  if (!ReadMountTree(top, &lines)) return Outcome::Failure(errno, "read", "read the mount table");
  if ((flags & MS_REC) == 0) lines.resize(1);
  for (const MountLine& line : lines) {
    const char* path = line.id == top ? target : line.mount_point.c_str();
    uint64_t found = 0;
    if (kernel::MountId(AT_FDCWD, path, 0, kernel::IdKind::kTable, &found) < 0) {
      return Outcome::Failure(errno, "statx", "set attributes");
    }
    // Another mount hides this one, which no path leads to: without mount_setattr it stays as it is.
    if (found != line.id) return Outcome::Failure(EBUSY, "mount", "set attributes of a hidden mount");
    if (mount(nullptr, path, nullptr, RemountFlags(line.attribute_flags, flags), nullptr) < 0) {
      return Outcome::Failure(errno, "mount", "set attributes");
    }
  }
  return {};
}

Outcome BindThenRemount(const char* source, const char* target, unsigned long flags, bool identify) {
  if (mount(source, target, nullptr, MS_BIND | (flags & MS_REC), nullptr) < 0) {
    return Outcome::Failure(errno, "mount", "bind");
  }
  uint64_t top = 0;
  Outcome outcome;
  if (kernel::MountId(AT_FDCWD, target, 0, kernel::IdKind::kTable, &top) < 0) {
    outcome = Outcome::Failure(errno, "statx", "identify");
  } else {
    outcome = RemountTree(target, top, flags);
  }
  uint64_t id = 0;
  if (!outcome.Failed() && identify) {
    if (kernel::MountId(AT_FDCWD, target, 0, kernel::IdKind::kLasting, &id) < 0) {
      outcome = Outcome::Failure(errno, "statx", "identify");
    } else {
      outcome.mount_id = id;
    }
  }
  // Lazily, as the whole tree has to go and somebody may have entered it already.
  if (outcome.Failed()) outcome.left = umount2(target, MNT_DETACH) < 0;
  return outcome;
}

}  // namespace

Outcome BindWithAttributes(const char* source, const char* target, unsigned long flags, bool identify) {
  return kernel::HasTreeCalls() ? BindTree(source, target, flags, identify)
                                : BindThenRemount(source, target, flags, identify);
}

}  // namespace bind
