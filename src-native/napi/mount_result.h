#pragma once

#include <napi.h>

#include <utility>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// What comes of a call that makes a mount: an outcome, and the mount itself where it was asked for without a place. In
// JavaScript the latter is { mountId, way, tree }, see kernel/outcome.h.
struct MountResult {
  explicit MountResult(Outcome made = {}) : outcome(std::move(made)) {}

  // Hands the tree over, and so may be called once.
  napi_value ToValue(Napi::Env env);

  Outcome outcome;
  OwnedFd tree;
};
