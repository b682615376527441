#include "umount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel.h"
#include "umount.h"

namespace {

// Somebody who mounts as fast as this unmounts is not waited for without end.
constexpr int kMostPasses = 64;

Outcome FailureAt(Outcome failure, const std::string& mount_point) {
  failure.other = mount_point;
  return failure;
}

std::vector<uint64_t> SortedIds(const std::vector<OrderedMount>& mounts) {
  std::vector<uint64_t> ids;
  for (const OrderedMount& mount : mounts) ids.push_back(mount.line->id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Napi::Array BuffersOf(Napi::Env env, const std::vector<std::string>& paths) {
  Napi::Array values = Napi::Array::New(env, paths.size());
  for (uint32_t index = 0; index < paths.size(); ++index) {
    Napi::HandleScope scope(env);
    values.Set(index, Napi::Buffer<char>::Copy(env, paths[index].data(), paths[index].size()));
  }
  return values;
}

}  // namespace

void UmountTreeCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.Flags("flags", &flags_).OptionalId("id", &id_).Boolean("recursive", &recursive_).Boolean("stack", &stack_);
  ReadOperation(arguments);
}

// Which mount goes last. Succeeds with bottom_ 0 when the target is no mount point, or leads nowhere.
Outcome UmountTreeCall::FindBottom() {
  if (id_) {
    const Outcome same = CheckMountIs(*id_, path_, flags_);
    if (same.Failed()) return same;
  }
  const unsigned follow = flags_ & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
  uint64_t top = 0;
  if (kernel::MountPointId(AT_FDCWD, path_.c_str(), follow, kernel::IdKind::kTable, &top) < 0 || top == 0) return {};
  std::vector<MountLine> table;
  if (!ReadMountTable(&table)) return Outcome::Failure(errno, "read", "read the mount table");
  const MountLine* bottom = BottomOfStack(table, top);
  if (bottom == nullptr) return {};  // a mount of another namespace
  bottom_ = stack_ ? bottom->id : top;
  place_ = bottom->mount_point;
  uint64_t root = 0;
  const bool is_root = kernel::MountId(AT_FDCWD, "/", 0, kernel::IdKind::kTable, &root) == 0 && root == bottom_ &&
                       !(flags_ & MNT_DETACH);
  // Before what is below it is gone.
  return is_root ? FailureAt(Outcome::Failure(EBUSY, "umount2", "check root"), place_) : Outcome{};
}

std::vector<OrderedMount> UmountTreeCall::Order(const std::vector<MountLine>& table) const {
  const bool only_this_place = (flags_ & MNT_DETACH) != 0 || !recursive_;
  std::vector<OrderedMount> order = only_this_place ? StackInOrder(table, bottom_) : TreeInOrder(table, bottom_);
  // Ids are used again: this one may be of a mount that somebody made elsewhere.
  if (!order.empty() && order.back().line->mount_point != place_) order.clear();
  return order;
}

// One pass. True when the last one is down. Those that must still be there, as far as this knows, ascending.
bool UmountTreeCall::TakeDown(const std::vector<OrderedMount>& order, Result* result,
                              std::vector<uint64_t>* still_there) {
  result->outcome = {};
  still_there->clear();
  std::vector<bool> stays(order.size(), false);
  for (size_t index = 0; index < order.size(); ++index) {
    const MountLine& line = *order[index].line;
    if (!stays[index]) {
      uint64_t there = 0;
      const int looked =
          kernel::MountPointId(AT_FDCWD, line.mount_point.c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kTable, &there);
      Outcome outcome;
      if (looked < 0) {
        outcome = Outcome::Failure(errno, "statx", "identify");
      } else if (there != line.id) {
        outcome = Outcome::Failure(EBUSY, "umount2", "identify");  // covered by what stays, or by a new mount, or gone
      } else {
        outcome = Unmount(line.mount_point, flags_ | UMOUNT_NOFOLLOW);
      }
      if (!outcome.Failed()) {
        result->down.push_back(line.mount_point);
        continue;
      }
      if (!result->outcome.Failed()) result->outcome = FailureAt(outcome, line.mount_point);
    }
    stays[order[index].parent] = true;
    still_there->push_back(line.id);
  }
  std::sort(still_there->begin(), still_there->end());
  return still_there->empty();
}

UmountTreeCall::Result UmountTreeCall::Run() {
  Outcome found = LocateMount(target_, &path_, &flags_);
  if (!found.Failed()) found = FindBottom();
  if (!found.Failed() && !ticket_.Commit()) found = Cancelled();
  if (found.Failed()) return Result(found);
  if (bottom_ == 0) return Result(Unmount(path_, flags_));  // the kernel says what is wrong

  Result result;
  std::vector<uint64_t> still_there;
  for (int pass = 0;; ++pass) {
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) {
      result.outcome = Outcome::Failure(errno, "read", "read the mount table");
      return result;
    }
    const std::vector<OrderedMount> order = Order(table);
    if (order.empty()) return Result();  // somebody else took the last one down
    // The same as after the pass before: nobody has changed anything, and another pass would not either.
    if (pass == kMostPasses || (pass > 0 && SortedIds(order) == still_there)) {
      for (auto mount = order.rbegin(); mount != order.rend(); ++mount) {
        result.remaining.push_back(mount->line->mount_point);
      }
      return result;
    }
    if (TakeDown(order, &result, &still_there)) return Result();
  }
}

napi_value UmountTreeCall::Result::ToValue(Napi::Env env) const {
  const napi_value value = outcome.ToValue(env);
  if (!outcome.Failed()) return value;
  Napi::Object failure(env, value);
  failure.Set("down", BuffersOf(env, down));
  failure.Set("remaining", BuffersOf(env, remaining));
  return failure;
}
