#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "napi/operation.h"
#include "place/target.h"
#include "umount/umount_order.h"

// Takes down a mount and all below it, or all that are stacked at one place, or both.
//
// One native call for the whole sequence: which mounts there are, and that the one at a path is the one meant, is true
// for a moment only, so that reading the table, looking at a path and unmounting it belong together; and all of it has
// to happen in one mount namespace, which is that of the thread.
//
//   umountTree(target, flags, id, recursive, stack, operation)
//
// With an id only when the mount at the target is that one (umount/umount.h). Each mount goes by its mount point,
// without following links, and only when the mount there is the one of the table; what is below one that could not be
// taken down goes all the same, what is above it stays. When others have mounted or unmounted in the meantime, the
// table is read again. With MNT_DETACH the kernel takes everything below along, in one step.
//
// A failure is that of the first mount that could not be taken down, with its mount point in `other`, and has besides
// { down: [mount points], remaining: [mount points] }, those remaining in the order of the table's tree.
class UmountTreeCall : public Operation {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    std::vector<std::string> down;
    std::vector<std::string> remaining;
  };

  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Result Run();

 private:
  Outcome FindBottom();
  bool IsBottom(const MountLine& line) const;
  std::vector<OrderedMount> Order(const std::vector<MountLine>& table) const;
  Outcome TakeDownOne(const MountLine& line) const;
  bool TakeDown(const std::vector<OrderedMount>& order, Result* result, std::vector<uint64_t>* still_there);

  Target target_;
  std::string path_;  // that leads to it
  unsigned long flags_ = 0;
  std::optional<uint64_t> id_;
  bool recursive_ = false;
  bool stack_ = false;

  uint64_t bottom_ = 0;  // as in the table; what goes last
  uint64_t bottom_parent_ = 0;
  uint64_t bottom_unique_id_ = 0;  // 0 where it is not known
  std::string place_;              // its mount point
};
