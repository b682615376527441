#pragma once

#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// Two overlays that write to one upper layer: the kernel lets them, unless "index=on" is given, with a line in its log,
// and what comes of it is undefined (Documentation/filesystems/overlayfs.rst). This looks in the mount table for an
// overlay that has the directory as its upper or work directory, and holds a lock on it until the new mount is there,
// so that two that look at once do not both find nothing.
//
// What it cannot see: overlays of other mount namespaces, and those whose options name a directory by a descriptor
// number (the way "descriptors", on kernels before 6.7).
class UpperInUse {
 public:
  // A failure with EBUSY names the other overlay's mount point in Outcome::other. Where it cannot be told whether there
  // is one, as the process has no descriptor left or the like, that is a failure too.
  Outcome Claim(const char* upper, const char* work);

 private:
  OwnedFd lock_;
};
