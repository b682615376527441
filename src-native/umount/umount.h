// The system call umount2(2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "napi/operation.h"
#include "place/target.h"

// Calls umount2(2), but refuses to unmount the root of the process: EBUSY at the step "check root". The kernel would
// make that filesystem read-only and report success (fs/namespace.c, do_umount_root). If EINVAL is due to a symbolic
// link, Outcome::other is the text of that link. `id` is the unique ID of the mount at the target, if the caller has
// checked that ID.
Outcome Unmount(const std::string& target, unsigned long flags, const std::optional<uint64_t>& id = std::nullopt);

// Unmounts the topmost mount at a target. napi/call.h exports this class to JavaScript as `umount` and `umountSync`.
// Arguments: target, flags, ID (or null), operation.
//
// With a unique mount ID, the call unmounts that mount and no other: if another mount is at the target, the call fails
// with EINVAL at the step "identify", and Outcome::mount_id is the ID of that other mount. A target in a root is
// unmounted by its open parent directory and its name, so no symbolic link can redirect the unmount.
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

// Finds the path by which umount2(2) unmounts the mount at a target (place/target.h). For a target in a root the
// function adds UMOUNT_NOFOLLOW to the flags.
Outcome LocateMount(Target& target, const std::optional<uint64_t>& id, std::string* path, unsigned long* flags);

// Returns the failure at the step "identify" for a target whose mount has the ID `found` instead of the expected ID.
Outcome MountMismatch(uint64_t found);

// Checks that the mount at the target has this unique ID, and fails at the step "identify" if the mount has another ID.
Outcome CheckMountId(uint64_t id, const std::string& target, unsigned long flags);
