// Unmounts trees and stacks of mounts, pass by pass, until none is left or a pass changes nothing.
#include "umount/umount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel/mount_ids.h"
#include "kernel/path.h"
#include "umount/umount.h"

namespace {

// Limits the number of passes, because another process may mount as fast as this call unmounts.
constexpr int kMostPasses = 64;

Outcome FailureAt(Outcome failure, const std::string& mount_point) {
  failure.other = mount_point;
  return failure;
}

bool IsPathError(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES || error == ENAMETOOLONG;
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

// Finds the mount that is unmounted last. The function succeeds with bottom_ 0 if the target is no mount point or does
// not exist.
Outcome UmountTreeCall::FindBottom() {
  const bool follows = (flags_ & UMOUNT_NOFOLLOW) == 0;
  uint64_t top = 0;
  uint64_t unique = 0;
  {
    // Both IDs are read from one descriptor, because the path may lead elsewhere at any time. The descriptor is closed
    // before the first unmount, because an open descriptor keeps its mount busy.
    const OwnedFd opened(open(path_.c_str(), O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW)));
    if (!opened || kernel::MountId(opened.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &unique) < 0 ||
        kernel::MountPointId(opened.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &top) < 0) {
      // For a path that does not exist, umount2(2) itself reports the best error. After any other error the mounts at
      // the target are unknown, and this call could report success although it unmounted only one of several mounts.
      return id_ || !IsPathError(errno) ? Outcome::Failure(errno, opened ? "statx" : "open", "identify") : Outcome{};
    }
  }
  if (id_ && unique != *id_) return MountMismatch(unique);
  if (top == 0) return {};
  std::vector<MountLine> table;
  if (!ReadMountTable(&table)) return Outcome::Failure(errno, "read", "read the mount table");
  const MountLine* bottom = BottomOfStack(table, top);
  if (bottom == nullptr) return {};  // a mount that the mount table of this namespace does not list
  bottom_ = stack_ ? bottom->id : top;
  bottom_unique_ = bottom_ == top ? unique : 0;
  mount_point_ = bottom->mount_point;
  const auto line = std::find_if(table.begin(), table.end(), [&](const MountLine& each) { return each.id == bottom_; });
  bottom_parent_ = line->parent_id;
  uint64_t root = 0;
  const bool is_root = kernel::MountId(AT_FDCWD, "/", 0, kernel::IdKind::kMountinfo, &root) == 0 && root == bottom_ &&
                       !(flags_ & MNT_DETACH);
  // The check comes before the first unmount, so that a refused call unmounts nothing below the root either.
  return is_root ? FailureAt(Outcome::Failure(EBUSY, "umount2", "check root"), mount_point_) : Outcome{};
}

std::vector<OrderedMount> UmountTreeCall::Order(const std::vector<MountLine>& table) const {
  const bool only_stack = (flags_ & MNT_DETACH) != 0 || !recursive_;
  std::vector<OrderedMount> order = only_stack ? StackInOrder(table, bottom_) : TreeInOrder(table, bottom_);
  if (!order.empty() && !IsBottom(*order.back().line)) order.clear();
  return order;
}

// Whether a line of the table is the mount that is unmounted last. The mount ID in the line is not enough: the kernel
// may have reused the ID for a new mount elsewhere. A different mount point is no proof either, because a directory in
// its path may have been renamed.
bool UmountTreeCall::IsBottom(const MountLine& line) const {
  if (line.mount_point == mount_point_) return true;
  kernel::MountStatus status;
  if (bottom_unique_ != 0 && kernel::StatMount(bottom_unique_, kernel::kStatMountMount, &status, sizeof status) == 0) {
    return status.mountinfo_id == line.id;
  }
  return line.parent_id == bottom_parent_;
}

// Unmounts one mount by its open parent directory, so that a new symbolic link in the path cannot lead to another
// mount.
Outcome UmountTreeCall::UnmountOne(const MountLine& line) const {
  PinnedPath pinned;
  if (const int error = pinned.Open(line.mount_point)) {
    // ELOOP: a directory in the path of the mount point has been replaced by a symbolic link.
    return Outcome::Failure(error == ELOOP ? EBUSY : error, "umount2", "identify");
  }
  uint64_t found = 0;
  const std::string path = pinned.Path();
  if (kernel::MountPointId(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kMountinfo, &found) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  // The mount is already unmounted, or another mount covers it: a new one, or one that could not be unmounted.
  if (found != line.id) return Outcome::Failure(EBUSY, "umount2", "identify");
  return Unmount(path, flags_ | UMOUNT_NOFOLLOW);
}

// Makes one pass over all mounts and returns whether all of them are unmounted. `still_mounted` receives the mount IDs
// of the mounts that are still mounted, in ascending order.
bool UmountTreeCall::UnmountAll(const std::vector<OrderedMount>& order, Result* result,
                                std::vector<uint64_t>* still_mounted) {
  result->outcome = {};
  result->remaining.clear();
  still_mounted->clear();
  std::vector<bool> stays(order.size(), false);
  for (size_t index = 0; index < order.size(); ++index) {
    const MountLine& line = *order[index].line;
    if (!stays[index]) {
      const Outcome outcome = UnmountOne(line);
      if (!outcome.Failed()) {
        result->unmounted.push_back(line.mount_point);
        continue;
      }
      if (!result->outcome.Failed()) result->outcome = FailureAt(outcome, line.mount_point);
    }
    stays[order[index].parent] = true;
    still_mounted->push_back(line.id);
    result->remaining.push_back(line.mount_point);
  }
  std::reverse(result->remaining.begin(), result->remaining.end());
  std::sort(still_mounted->begin(), still_mounted->end());
  return still_mounted->empty();
}

UmountTreeCall::Result UmountTreeCall::Run() {
  Outcome found = LocateMount(target_, id_, &path_, &flags_);
  if (!found.Failed()) found = FindBottom();
  if (!found.Failed() && !cancellation_.Commit()) found = Cancelled();
  if (found.Failed()) return Result(found);
  if (bottom_ == 0) {
    // Without an ID, umount2(2) itself reports why the target cannot be unmounted. With an ID, umount2(2) must not be
    // called, because the path may lead to another mount by now.
    return Result(id_ ? Outcome::Failure(EINVAL, "umount2", "unmount") : Unmount(path_, flags_));
  }

  Result result;
  std::vector<uint64_t> still_mounted;
  for (int pass = 0;; ++pass) {
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) {
      // After the first pass, `result` already contains the failure and the remaining mounts of the previous pass.
      if (pass == 0) result.outcome = Outcome::Failure(errno, "read", "read the mount table");
      return result;
    }
    const std::vector<OrderedMount> order = Order(table);
    if (order.empty()) return Result();  // another process has unmounted the last mount
    // If the same mounts remain as after the previous pass, another pass would not unmount more.
    if (pass == kMostPasses || (pass > 0 && SortedIds(order) == still_mounted)) {
      result.remaining.clear();
      for (auto mount = order.rbegin(); mount != order.rend(); ++mount) {
        result.remaining.push_back(mount->line->mount_point);
      }
      return result;
    }
    if (UnmountAll(order, &result, &still_mounted)) return Result();
  }
}

napi_value UmountTreeCall::Result::ToValue(Napi::Env env) const {
  const napi_value value = outcome.ToValue(env);
  if (!outcome.Failed()) return value;
  Napi::Object failure(env, value);
  failure.Set("down", BuffersOf(env, unmounted));
  failure.Set("remaining", BuffersOf(env, remaining));
  return failure;
}
