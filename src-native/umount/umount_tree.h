// Unmounts a whole tree or a whole stack of mounts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "napi/operation.h"
#include "place/target.h"
#include "umount/umount_order.h"

// Unmounts the mount at a target together with all mounts below it (`recursive`), with all mounts stacked at the same
// mount point (`stack`), or both. Arguments: target, flags, ID (or null), recursive, stack, operation.
//
// The read of the mount table, the checks and the unmounts are one native call for two reasons. The mount table, and
// the check that a path leads to the right mount, are valid only for a moment, so the read, the check and the unmount
// follow each other directly. Besides, all system calls must run in the same mount namespace, which is the mount
// namespace of one thread.
//
// With a unique mount ID, the call unmounts only if the mount at the target has that ID (umount/umount.h). Each mount
// is unmounted by its mount point without following symbolic links, and only if the mount at that mount point is the
// one from the table. If a mount cannot be unmounted, its ancestors stay mounted too, and the call unmounts all other
// mounts of the tree. If other processes mount or unmount meanwhile, the call reads the table again. With MNT_DETACH
// the kernel itself unmounts everything below a mount, in one step.
//
// The result of a failure is the outcome for the first mount that could not be unmounted, with its mount point in
// `other`, and in JavaScript has two more members: `down`, the mount points that were unmounted, and `remaining`, the
// mount points that are still mounted, in the order of the tree.
class UmountTreeCall : public Operation {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    std::vector<std::string> unmounted;
    std::vector<std::string> remaining;
  };

  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Result Run();

 private:
  Outcome FindBottom();
  bool IsBottom(const MountLine& line) const;
  std::vector<OrderedMount> Order(const std::vector<MountLine>& table) const;
  Outcome UnmountOne(const MountLine& line) const;
  bool UnmountAll(const std::vector<OrderedMount>& order, Result* result, std::vector<uint64_t>* still_mounted);

  Target target_;
  std::string path_;  // the path of the target for umount2(2)
  unsigned long flags_ = 0;
  std::optional<uint64_t> id_;
  bool recursive_ = false;
  bool stack_ = false;

  // The mount that is unmounted last.
  uint64_t bottom_ = 0;         // the mount ID in the mount table
  uint64_t bottom_parent_ = 0;  // the mount ID of the parent in the mount table
  uint64_t bottom_unique_ = 0;  // the unique mount ID, or 0 if it is unknown
  std::string mount_point_;
};
