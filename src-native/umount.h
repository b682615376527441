#pragma once

#include <cstdint>
#include <optional>

#include "operation.h"
#include "target.h"

// umount2(2). With an id it takes down that mount and no other: when something else is mounted at the target, the
// call fails with EINVAL at the step "identify" and tells the id found there.
//
// A target in a root is taken down by the directory that it is in and its name there, so that no link leads elsewhere.
class UmountCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run();

 private:
  Target target_;
  unsigned long flags_ = 0;
  std::optional<uint64_t> id_;
};
