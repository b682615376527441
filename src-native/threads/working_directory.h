// WorkingDirectory: the directory from which a call resolves its relative paths, also those inside option data.
#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// A pool thread has a working directory of its own (unshare(CLONE_FS)), which is "/" between calls, so that an idle
// thread keeps no mount busy. An asynchronous call therefore opens the working directory of the process on the
// JavaScript thread (Capture) and changes to that directory on the pool thread (Enter). The path options.cwd is
// relative to that directory. The working directory of the process never changes.
class WorkingDirectory {
 public:
  // The value of options.cwd.
  std::optional<std::string> path;

  // JavaScript thread. Opens the working directory of the process. Because the call holds a descriptor, neither a later
  // chdir(2) nor a rename changes which files the call uses.
  void Capture();

  // Pool thread. Changes to the captured directory, and then to options.cwd. Without a working directory of its own
  // (`own_directory`, threads::OwnDirectoryError) the thread uses the working directory of the process, and a call with
  // options.cwd fails.
  Outcome Enter(bool own_directory);

  // Pool thread. MoveTo changes to `path` in the middle of a call, and MoveBack returns to the directory of Enter. Both
  // return 0 or an errno. MoveTo fails on a thread without a working directory of its own.
  int MoveTo(const char* path);
  int MoveBack();

  // Pool thread. Changes to "/".
  void Leave();

  // Pool thread. Changes to "/" and closes the captured directory, so that a search for the users of a mount does not
  // find the call itself.
  void LeaveAndRelease();

 private:
  OwnedFd base_;
  int base_error_ = 0;
  bool captured_ = false;
  bool own_ = false;
  bool moved_ = false;
  OwnedFd entered_;
};
