#pragma once

#include <errno.h>

#include "kernel/outcome.h"

namespace overlay {

// How this kernel's overlayfs can be given its layers through fsconfig(2).
struct Features {
  bool appends = false;      // one at a time, by "lowerdir+": Linux 6.7
  bool descriptors = false;  // and as descriptors: Linux 6.13
  int error = 0;             // why neither, when it is not certain: there was no descriptor left to try with

  // That there is no way, where layers have to be given like that.
  Outcome NoWay() const {
    return error != 0 ? Outcome::Failure(error, "fsopen", "choose a way")
                      : Outcome::Failure(EOPNOTSUPP, "fsconfig", "choose a way");
  }
};

// Found out by trying it on a context that is thrown away, once in the life of the process. Where a context cannot be
// opened at all (no privilege, no overlayfs), or it is not certain, nothing is concluded, and the next call tries
// again.
Features Find();

}  // namespace overlay
