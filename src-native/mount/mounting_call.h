// MountingCall: the base class of the calls that mount at a target.
#pragma once

#include <string>
#include <utility>

#include "napi/operation.h"
#include "napi/result.h"
#include "place/target.h"

// Calls of the asynchronous form at one target follow one another: Place() (napi/call.h).
class MountingCall : public Operation {
 public:
  std::string Place() const { return detached_ ? std::string() : target_.Name(); }

 protected:
  // Ends the call: a failed call removes the mount point that it created.
  Outcome Finished(Outcome outcome) {
    target_.KeepOrRemoveCreated(&outcome);
    return outcome;
  }
  MountResult Finished(MountResult result) {
    target_.KeepOrRemoveCreated(&result.outcome);
    return result;
  }

  Target target_;
  bool detached_ = false;           // the call makes a detached mount and has no target
  bool require_unmounted_ = false;  // the call fails with EBUSY if the target is a mount point
};
