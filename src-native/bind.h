#pragma once

#include "outcome.h"

namespace bind {

// A bind of `source` at `target` (with MS_REC: of everything below it as well) that has the attributes of its source
// and, in addition, those in `flags`. On failure nothing is mounted, or Outcome::left says so.
//
// Where the kernel has mount_setattr(2) the copy is given its attributes before anybody can reach it. Elsewhere it is
// bound, then remounted: for an instant it is as writable as its source.
Outcome BindWithAttributes(const char* source, const char* target, unsigned long flags, bool identify);

}  // namespace bind
