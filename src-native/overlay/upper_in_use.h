// Detects that an upper or work directory is in use by another overlay.
#pragma once

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// Prevents a second overlay on the same upper directory. Without "index=on" the kernel allows such a mount with only a
// line in its log, and the behaviour of both overlays is then undefined (Documentation/filesystems/overlayfs.rst).
//
// Claim looks in the mount table for an overlay that uses one of the directories. The object then holds a lock on the
// upper directory until the new mount is made, so that of two concurrent mounts the second one finds the first.
//
// Two kinds of overlays are not found: overlays in other mount namespaces, and overlays whose options contain
// descriptor numbers instead of paths (the strategy "descriptors", on kernels before 6.7).
class UpperInUse {
 public:
  // Fails with EBUSY if an overlay uses one of the directories; Outcome::other is the mount point of that overlay. The
  // call also fails if this is unknown, for example because the process has no descriptor left.
  Outcome Claim(const char* upper, const char* work);

 private:
  OwnedFd lock_;
};
