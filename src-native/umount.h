#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "arguments.h"
#include "outcome.h"
#include "working_directory.h"

// umount2(2), with one thing made right: it takes the mount down or fails. Asked for the mount that is the process's
// root, the kernel makes that filesystem read-only instead and reports success (fs/namespace.c, do_umount_root); here
// that is EBUSY at the step "check root". When a symbolic link is the cause of EINVAL, Outcome::other is what it names.
Outcome Unmount(const std::string& target, unsigned long flags);

// The same. With an id it takes down that mount and no other: when something else is mounted at the target, the
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

// Whether the mount at the target is the one with this id; success, or the failure at the step "identify".
Outcome CheckMountIs(uint64_t id, const std::string& target, unsigned long flags);
