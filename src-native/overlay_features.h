#pragma once

namespace overlay {

// How this kernel's overlayfs can be given its layers through fsconfig(2).
struct Features {
  bool appends = false;      // one at a time, by "lowerdir+": Linux 6.7
  bool descriptors = false;  // and as descriptors: Linux 6.13
};

// Found out by trying it on a context that is thrown away, once in the life of the process. Where a context cannot be
// opened at all (no privilege, no overlayfs) nothing is concluded, and the next call tries again.
Features Find();

}  // namespace overlay
