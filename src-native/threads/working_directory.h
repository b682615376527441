#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// Where a call's relative paths start, those inside option data included.
//
// A thread of ours has a working directory of its own, "/" while it waits, so that it keeps no mount busy. A call that
// runs there must therefore be told where the process was when it was asked (Capture), and may be sent somewhere else
// (options.cwd, relative to that). The process's own working directory is never changed.
class WorkingDirectory {
 public:
  // options.cwd
  std::optional<std::string> path;

  // JavaScript thread: notes the process's working directory, by descriptor, so that neither a later chdir nor a
  // rename changes what the call means.
  void Capture();

  // Thread of ours: goes there. `own_directory` says whether the thread has a working directory of its own; without
  // one (threads::OwnDirectoryError) it shares the process's, which serves every call but one with options.cwd.
  Outcome Enter(bool own_directory);

  // Thread of ours, for calls that need to be somewhere else on the way: goes to `path`, with an errno if that fails,
  // and back to where Enter went. Without a directory of its own the thread stays, and the errno is why it has none.
  int MoveTo(const char* path);
  int MoveBack();

  // Thread of ours: back to "/".
  void Leave();

  // The same, and gives the process's directory back: for a call that must not be found to use it itself.
  void LeaveAndRelease();

 private:
  OwnedFd base_;
  int base_error_ = 0;
  bool captured_ = false;
  bool own_ = false;
  bool moved_ = false;
  OwnedFd entered_;
};
