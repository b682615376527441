#pragma once

#include <errno.h>

#include "napi/arguments.h"
#include "napi/cancellation.h"
#include "threads/namespace_file.h"
#include "threads/working_directory.h"

// What every operation can be told besides what it is about: the mount namespace to act in, and whether it may be
// cancelled. Calls that derive from it run on a thread that is thrown away when the namespace is another (napi/call.h),
// and then have no relative paths.
class Operation {
 public:
  using Result = Outcome;

  bool NeedsOwnDirectory() const { return mount_namespace.IsOther(); }

  WorkingDirectory directory;
  MountNamespace mount_namespace;

 protected:
  void ReadOperation(Arguments& arguments) {
    arguments.Namespace("namespace", &mount_namespace.file).TakeCancellation("cancellation", &cancellation_);
  }

  static Outcome Cancelled() { return Outcome::Failure(ECANCELED, "cancel", "cancel"); }

  Cancellation cancellation_;
};
