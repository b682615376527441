#pragma once

#include <napi.h>

#include <utility>

#include "outcome.h"
#include "owned_fd.h"

// What comes of a call that makes a mount: an outcome, and the mount itself where it was asked for without a place. In
// JavaScript the latter is { mountId, way, tree }, see outcome.h.
struct MountResult {
  explicit MountResult(Outcome made = {}) : outcome(std::move(made)) {}

  // Hands the tree over, and so may be called once.
  napi_value ToValue(Napi::Env env);

  Outcome outcome;
  OwnedFd tree;
};
