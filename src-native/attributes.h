#pragma once

#include <sys/mount.h>

#include "kernel.h"

// The attributes of one mount, as opposed to its filesystem, in the two languages of the kernel.
namespace attributes {

constexpr unsigned long kAtimeFlags = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

// The flags of mount(2) that are attributes.
constexpr unsigned long kFlags =
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | kernel::kMsNoSymFollow | MS_NODIRATIME | kAtimeFlags;

// These flags as mount_setattr(2) and fsmount(2) take them. Where several ways of atime are asked for, mount(2)'s own
// order decides (fs/namespace.c, path_mount): strictatime over noatime over relatime.
inline kernel::MountAttributes FromFlags(unsigned long flags) {
  kernel::MountAttributes attributes;
  if (flags & MS_RDONLY) attributes.set |= kernel::kMountAttrReadOnly;
  if (flags & MS_NOSUID) attributes.set |= kernel::kMountAttrNoSuid;
  if (flags & MS_NODEV) attributes.set |= kernel::kMountAttrNoDev;
  if (flags & MS_NOEXEC) attributes.set |= kernel::kMountAttrNoExec;
  if (flags & MS_NODIRATIME) attributes.set |= kernel::kMountAttrNoDirAtime;
  if (flags & kernel::kMsNoSymFollow) attributes.set |= kernel::kMountAttrNoSymFollow;
  if (flags & kAtimeFlags) attributes.clear |= kernel::kMountAttrAtimeMask;
  if (flags & MS_STRICTATIME) {
    attributes.set |= kernel::kMountAttrStrictAtime;
  } else if (flags & MS_NOATIME) {
    attributes.set |= kernel::kMountAttrNoAtime;
  }
  return attributes;
}

}  // namespace attributes
