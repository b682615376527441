// How the overlayfs of the running kernel accepts its layers.
#pragma once

#include <errno.h>

#include "kernel/outcome.h"

namespace overlay {

struct KernelSupport {
  bool appends = false;      // fsconfig(2) takes one layer at a time, as "lowerdir+": Linux 6.7
  bool descriptors = false;  // fsconfig(2) takes a layer as a descriptor: Linux 6.13
  int error = 0;             // the transient error that prevented the test, such as EMFILE; both members are false then

  // The failure for an overlay whose layers this kernel cannot take by any of the allowed strategies.
  Outcome NoStrategy() const {
    return error != 0 ? Outcome::Failure(error, "fsopen", "choose a strategy")
                      : Outcome::Failure(EOPNOTSUPP, "fsconfig", "choose a strategy");
  }
};

// Tests the kernel on a filesystem context that is then closed, and remembers the result for the life of the process. A
// result is not remembered if no context can be opened (no privilege, no overlayfs) or after a transient error; the
// next call then tests again.
KernelSupport FindKernelSupport();

}  // namespace overlay
