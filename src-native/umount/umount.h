#pragma once

#include <cstdint>
#include <optional>

#include "napi/operation.h"
#include "place/target.h"

// umount2(2), with one thing made right: it takes the mount down or fails. Asked for the mount that is the process's
// root, the kernel makes that filesystem read-only instead and reports success (fs/namespace.c, do_umount_root); here
// that is EBUSY at the step "check root". When a symbolic link is the cause of EINVAL, Outcome::other is what it names.
Outcome Unmount(const std::string& target, unsigned long flags);

// The same for a mount that is known not to be the root.
Outcome UnmountOther(const std::string& target, unsigned long flags);

// The same for a target, flags, an id or null, and what all operations are told. With an id it takes down that mount
// and no other: when something else is mounted at the target, the call fails with EINVAL at the step "identify" and
// tells the id found there. A target in a root is taken down by the directory that it is in and its name there, so that
// no link leads elsewhere.
class UmountCall : public Operation {
 public:
  void Read(Arguments& arguments);
  // Of a path, and of here: target, flags, id.
  void ReadUsual(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run();

 private:
  Target target_;
  unsigned long flags_ = 0;
  std::optional<uint64_t> id_;
};

// Finds the path by which to take down what is mounted at a target (place/target.h), and adds to the flags what goes
// with it.
Outcome LocateMount(Target& target, const std::optional<uint64_t>& id, std::string* path, unsigned long* flags);

// The failure at the step "identify": the mount with this id is there instead.
Outcome AnotherMount(uint64_t found);

// Whether the mount at the target is the one with this id; success, or the failure at the step "identify".
Outcome CheckMountIs(uint64_t id, const std::string& target, unsigned long flags);
