// Outcome: the result of a native call, which is either success or the errno with the system call and step that failed.
#pragma once

#include <js_native_api_types.h>  // Declares napi_env and napi_value only: kernel/ calls no function of Node-API.

#include <cstdint>
#include <string>

// The thread that runs a call fills the Outcome, and the JavaScript thread converts it to a value (napi/call.h).
//
// In JavaScript a success is undefined, or the mount ID as a bigint if the call asked for one, or { mountId, strategy }
// if the call has several strategies. A failure is { error, syscall, step, left, mountId, index, log, other, leftMade
// }. The addon never throws a failure: lib/ makes the exception, so that its stack begins at the caller's line.
struct Outcome {
  int error = 0;                  // The errno of the system call that failed; 0 is success.
  const char* syscall = nullptr;  // The C function that failed: "mount", "move_mount", "statx" ...
  const char* step = nullptr;     // The purpose of the system call: "bind", "make read-only" ...
  bool left = false;              // A mount of the failed call still exists, because its unmount failed too.
  uint64_t mount_id = 0;          // The ID of the new mount, or of an unexpected mount at the target; 0 if unknown.
  uint32_t strategy = 0;          // The strategy that succeeded (overlay/overlay.h); 0 if the call has one only.
  int index = -1;                 // The index of the path that caused the failure in a list of paths; -1 if none did.
  std::string log;                // The messages that the kernel wrote to the filesystem context, one per line.
  std::string other;      // Another path that explains the failure: a mount point, or the target of a symbolic link.
  std::string left_made;  // The directory or file that the call created in a root and could not remove.

  bool Failed() const { return error != 0; }

  // JavaScript thread. Converts the outcome to the JavaScript value described above: napi/result.cc.
  napi_value ToValue(napi_env env) const;

  static Outcome Failure(int error, const char* syscall, const char* step) {
    Outcome outcome;
    outcome.error = error;
    outcome.syscall = syscall;
    outcome.step = step;
    return outcome;
  }
};
