#pragma once

#include <sys/mount.h>

#include "kernel/calls.h"

// The attributes of one mount, as opposed to its filesystem, in the two languages of the kernel.
namespace attributes {

constexpr unsigned long kAtimeFlags = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

// The flags of mount(2) that are attributes.
constexpr unsigned long kFlags =
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | kernel::kMsNoSymFollow | MS_NODIRATIME | kAtimeFlags;

constexpr unsigned long kPropagationFlags = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

// How the attributes of a mount, or of a mount and all below it, are to change.
struct Change {
  uint64_t set = 0;               // MOUNT_ATTR_*
  uint64_t clear = 0;             // likewise; those in both are set
  unsigned long propagation = 0;  // one of kPropagationFlags, or as it is
  bool recursive = false;
  // Of a recursive bind: what is mounted in it receives from what it was copied from and gives nothing back. Otherwise
  // they are peers, and to take the bind down with all below it would take the same mounts away from the source.
  bool apart = false;

  bool Changes() const { return (set | clear) != 0; }

  Change OnlyPropagation() const {
    Change only;
    only.propagation = propagation;
    only.recursive = recursive;
    return only;
  }
};

// Those that are there or not. Atime is one of three.
struct Attribute {
  unsigned long flag;
  uint64_t attribute;
};
constexpr Attribute kEach[] = {
    {MS_RDONLY, kernel::kMountAttrReadOnly},       {MS_NOSUID, kernel::kMountAttrNoSuid},
    {MS_NODEV, kernel::kMountAttrNoDev},           {MS_NOEXEC, kernel::kMountAttrNoExec},
    {MS_NODIRATIME, kernel::kMountAttrNoDirAtime}, {kernel::kMsNoSymFollow, kernel::kMountAttrNoSymFollow},
};

// The flags of mount(2) as a change. Where several ways of atime are asked for, mount(2)'s own order decides
// (fs/namespace.c, path_mount): strictatime over noatime over relatime.
inline Change FromFlags(unsigned long flags) {
  Change change;
  for (const auto& [flag, attribute] : kEach) {
    if (flags & flag) change.set |= attribute;
  }
  if (flags & kAtimeFlags) change.clear |= kernel::kMountAttrAtimeMask;
  if (flags & MS_STRICTATIME) {
    change.set |= kernel::kMountAttrStrictAtime;
  } else if (flags & MS_NOATIME) {
    change.set |= kernel::kMountAttrNoAtime;
  }
  change.recursive = (flags & MS_REC) != 0;
  return change;
}

// What a mount with these flags has after the change, as flags again.
inline unsigned long Apply(const Change& change, unsigned long flags) {
  unsigned long result = flags & kAtimeFlags;
  for (const auto& [flag, attribute] : kEach) {
    const bool stays = (flags & flag) != 0 && (change.clear & attribute) == 0;
    if (stays || (change.set & attribute) != 0) result |= flag;
  }
  if (change.clear & kernel::kMountAttrAtimeMask) {
    const uint64_t atime = change.set & kernel::kMountAttrAtimeMask;
    result &= ~kAtimeFlags;
    result |= atime == kernel::kMountAttrStrictAtime ? MS_STRICTATIME
              : atime == kernel::kMountAttrNoAtime   ? MS_NOATIME
                                                     : MS_RELATIME;
  }
  return result;
}

}  // namespace attributes
