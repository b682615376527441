#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "arguments.h"
#include "outcome.h"
#include "working_directory.h"

// umount2(2). With an id it takes down that mount and no other: when something else is mounted at the target, the
// call fails with EINVAL at the step "identify" and tells the id found there.
class UmountCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments);
  bool IsRelative() const;
  bool NeedsOwnDirectory() const { return directory.path.has_value(); }
  Outcome Run();

  WorkingDirectory directory;

 private:
  std::string target_;
  unsigned long flags_ = 0;
  std::optional<uint64_t> id_;
};
