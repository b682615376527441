#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// mount(2), with two things made right:
// - option data that the kernel would cut is refused. It copies one page and overwrites the last byte (fs/namespace.c,
//   copy_mount_options), so a longer string mounts something else and reports success;
// - a bind with attributes (MS_BIND | MS_RDONLY ...), which the kernel would ignore, gets them (mount/bind.h).
class MountCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments);
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
