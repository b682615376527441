// MountResult: the result of a call that mounts a filesystem, an Outcome and perhaps a detached mount.
#pragma once

#include <napi.h>

#include <utility>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// In JavaScript the result is the value of the Outcome (kernel/outcome.h), or { mountId, strategy, tree } if the caller
// asked for a detached mount. `tree` is the descriptor object of the detached mount (napi/descriptor.h).
struct MountResult {
  explicit MountResult(Outcome made = {}) : outcome(std::move(made)) {}

  // JavaScript thread. Moves the detached mount into the JavaScript value, so this function may be called only once.
  napi_value ToValue(Napi::Env env);

  Outcome outcome;
  OwnedFd tree;
};
