#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

// What a call came to: filled on whichever thread ran it, turned into a value on the thread that asked (see
// napi/call.h). In JavaScript it is undefined; or the mount's id as a bigint, when that was asked for; or { mountId,
// way }, of a call that has several ways; or, of a failure, { error, syscall, step, left, mountId, index, log, other,
// leftMade }, made into an exception where there are stack frames, in lib/.
struct Outcome {
  int error = 0;                  // errno; 0 is success
  const char* syscall = nullptr;  // the C call that failed: "mount", "move_mount", "statx" ...
  const char* step = nullptr;     // what was being done with it: "bind", "make read-only" ...
  bool left = false;              // undoing the steps before failed as well: their mount is still there
  uint64_t mount_id = 0;          // the mount made, or found where another was expected; 0: not asked
  uint32_t way = 0;               // which of several ways was taken (overlay/overlay.h); 0: there is only one
  int index = -1;                 // of a list of paths, the one that the failure is about
  std::string log;                // what the kernel wrote to the filesystem context, a message a line
  std::string other;              // a mount point that stands in the way
  std::string left_made;          // a directory or file in the root of a target that was made and could not be removed

  bool Failed() const { return error != 0; }

  napi_value ToValue(Napi::Env env) const;

  static Outcome Failure(int error, const char* syscall, const char* step) {
    Outcome outcome;
    outcome.error = error;
    outcome.syscall = syscall;
    outcome.step = step;
    return outcome;
  }
};
