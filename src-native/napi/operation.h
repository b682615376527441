// Operation: the base class of calls that accept a mount namespace and a cancellation object.
#pragma once

#include <errno.h>

#include "napi/arguments.h"
#include "napi/cancellation.h"
#include "threads/namespace_file.h"
#include "threads/working_directory.h"

// A call in another mount namespace runs on a new thread that ends with the call (napi/call.h), and its paths must be
// absolute, because the working directory of the process does not exist in that namespace.
class Operation {
 public:
  using Result = Outcome;

  bool NeedsOwnDirectory() const { return mount_namespace.IsOther(); }

  bool IsCancelled() const { return cancellation_.IsCancelled(); }

  static Outcome Cancelled() { return Outcome::Failure(ECANCELED, "cancel", "cancel"); }

  WorkingDirectory directory;
  MountNamespace mount_namespace;

 protected:
  void ReadOperation(Arguments& arguments) {
    arguments.Namespace("namespace", &mount_namespace.file).TakeCancellation("cancellation", &cancellation_);
  }

  Cancellation cancellation_;
};
