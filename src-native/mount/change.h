// Changes the attributes and the propagation of mounts: mount_setattr(2), or mount(2) with MS_REMOUNT.
#pragma once

#include <sys/mount.h>

#include <cstdint>

#include "kernel/attributes.h"
#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/operation.h"
#include "place/target.h"

namespace attributes {

constexpr unsigned long kPropagationFlags = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

// A change to the attributes and the propagation of one mount or, if recursive, of that mount and all mounts below it.
struct Change {
  uint64_t set = 0;               // MOUNT_ATTR_* bits
  uint64_t clear = 0;             // MOUNT_ATTR_* bits; a bit in both `set` and `clear` ends up set
  unsigned long propagation = 0;  // one of kPropagationFlags, or 0 to leave the propagation as it is
  bool recursive = false;
  // For a recursive bind: every copied mount becomes a slave of the mount that it copies. If the copies stayed peers,
  // an unmount of the bind with its submounts would propagate to the source and unmount the same submounts below the
  // source.
  bool slave_copies = false;

  bool ChangesAttributes() const { return (set | clear) != 0; }

  // The MOUNT_ATTR_* bits of a mount after this change.
  uint64_t Apply(uint64_t bits) const { return (bits & ~clear) | set; }

  Change OnlyPropagation() const {
    Change only;
    only.propagation = propagation;
    only.recursive = recursive;
    return only;
  }
};

// Converts mount(2) flags to a change that sets those attributes, and one atime mode if any atime flag is given.
inline Change FromFlags(unsigned long flags) {
  Change change;
  change.set = BitsOf(flags);
  if (flags & kAtimeFlags) change.clear = kAtimeMask;
  change.recursive = (flags & MS_REC) != 0;
  return change;
}

}  // namespace attributes

// Reads four arguments from JavaScript: set, clear, propagation, recursive.
void ReadChange(Arguments& arguments, attributes::Change* change);

// Changes mounts by mount_setattr(2) (5.12): the mount at a path or, with AT_EMPTY_PATH in `flags`, the mount of the
// descriptor `at`, attached or detached.
Outcome SetAttributes(int at, const char* path, unsigned flags, const attributes::Change& change);

// Changes attached mounts by mount(2) with MS_REMOUNT, with one call for each mount. If one mount cannot be changed,
// the function undoes the changes already made; Outcome::left is set if the undoing fails. `path` must lead to the root
// of a mount; the call fails with EINVAL for any other path. A change of an attribute that has no mount(2) flag fails
// with ENOSYS.
Outcome ChangeByRemount(const char* path, const attributes::Change& change);

// Changes attached mounts by mount_setattr(2), or by mount(2) where mount_setattr(2) is missing or denied.
Outcome ChangeAttached(int at, const char* path, unsigned flags, const attributes::Change& change);

// Changes detached mounts (open_tree(2)) before anybody can reach them: mount_setattr(2).
//
// Where mount_setattr(2) is missing (before 5.12) or denied, mount(2) makes the change, but only on attached mounts. So
// this function attaches `tree` in a private mount namespace, changes the mounts there, and replaces `tree` by a copy
// of the changed mounts. ChangeDetached fails with ENOSYS, and leaves `tree` as it was, if the private mount namespace
// cannot be created.
Outcome ChangeDetached(const attributes::Change& change, OwnedFd* tree);

// Changes the attributes or the propagation of an attached mount, or of a detached mount. Arguments: tree (a descriptor
// or null), target, set, clear, propagation, recursive, operation.
class ChangeCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run();

 private:
  Outcome Change(int at, const char* path, unsigned flags) const;

  OwnedFd tree_;
  int tree_error_ = 0;  // the errno for a descriptor that is closed
  bool has_tree_ = false;
  Target target_;
  attributes::Change change_;
};
