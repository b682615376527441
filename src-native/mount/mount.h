// The system call mount(2).
#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// Calls mount(2). napi/call.h exports this class to JavaScript as `mount` and `mountSync`: Read takes the arguments on
// the JavaScript thread, and Run makes the system call on any thread. The call differs from mount(2) in two cases:
// - Option data that does not fit in one page fails with E2BIG. The kernel copies one page and overwrites its last byte
//   (fs/namespace.c, copy_mount_options), so mount(2) cuts a longer string silently and mounts something else.
// - A bind with attributes (MS_BIND | MS_RDONLY) gets these attributes (mount/bind.h). mount(2) ignores the attribute
//   flags of a bind.
class MountCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments);
  // Whether the result depends on the working directory.
  bool IsRelative() const;
  bool NeedsOwnDirectory() const { return directory.path.has_value(); }
  Outcome Run();

  WorkingDirectory directory;

 private:
  std::optional<std::string> source_;
  std::string target_;
  std::optional<std::string> type_;
  std::optional<std::string> data_;
  unsigned long flags_ = 0;
};
