#include "umount/umount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel/mount_ids.h"
#include "kernel/path.h"
#include "umount/umount.h"

namespace {

// Somebody who mounts as fast as this unmounts is not waited for without end.
constexpr int kMostPasses = 64;

Outcome FailureAt(Outcome failure, const std::string& mount_point) {
  failure.other = mount_point;
  return failure;
}

bool SaysThePath(int error) {
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

// Which mount goes last. Succeeds with bottom_ 0 when the target is no mount point, or leads nowhere.
Outcome UmountTreeCall::FindBottom() {
  const bool follows = (flags_ & UMOUNT_NOFOLLOW) == 0;
  uint64_t top = 0;
  uint64_t unique_id = 0;
  {
    // All is asked of one descriptor: the path may lead elsewhere at any time. It is closed before it keeps a mount in
    // use.
    const OwnedFd there(open(path_.c_str(), O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW)));
    if (!there || kernel::MountId(there.get(), "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &unique_id) < 0 ||
        kernel::MountPointId(there.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &top) < 0) {
      // Of a path that leads nowhere the kernel says so itself. Anything else is no answer, and to go on as if nothing
      // were mounted there would take the topmost mount down and call it all.
      return id_ || !SaysThePath(errno) ? Outcome::Failure(errno, there ? "statx" : "open", "identify") : Outcome{};
    }
  }
  if (id_ && unique_id != *id_) return AnotherMount(unique_id);
  if (top == 0) return {};
  std::vector<MountLine> table;
  if (!ReadMountTable(&table)) return Outcome::Failure(errno, "read", "read the mount table");
  const MountLine* bottom = BottomOfStack(table, top);
  if (bottom == nullptr) return {};  // a mount of another namespace
  bottom_ = stack_ ? bottom->id : top;
  bottom_unique_id_ = bottom_ == top ? unique_id : 0;
  place_ = bottom->mount_point;
  const auto line = std::find_if(table.begin(), table.end(), [&](const MountLine& each) { return each.id == bottom_; });
  bottom_parent_ = line->parent_id;
  uint64_t root = 0;
  const bool is_root = kernel::MountId(AT_FDCWD, "/", 0, kernel::IdKind::kMountinfo, &root) == 0 && root == bottom_ &&
                       !(flags_ & MNT_DETACH);
  // Before what is below it is gone.
  return is_root ? FailureAt(Outcome::Failure(EBUSY, "umount2", "check root"), place_) : Outcome{};
}

std::vector<OrderedMount> UmountTreeCall::Order(const std::vector<MountLine>& table) const {
  const bool only_this_place = (flags_ & MNT_DETACH) != 0 || !recursive_;
  std::vector<OrderedMount> order = only_this_place ? StackInOrder(table, bottom_) : TreeInOrder(table, bottom_);
  if (!order.empty() && !IsBottom(*order.back().line)) order.clear();
  return order;
}

// Ids are used again: this one may be of a mount that somebody made elsewhere. A mount point alone tells nothing, as
// somebody may have renamed a directory on the way.
bool UmountTreeCall::IsBottom(const MountLine& line) const {
  if (line.mount_point == place_) return true;
  kernel::MountStatus status;
  if (bottom_unique_id_ != 0 &&
      kernel::StatMount(bottom_unique_id_, kernel::kStatMountMount, &status, sizeof status) == 0) {
    return status.mountinfo_id == line.id;
  }
  return line.parent_id == bottom_parent_;
}

// By the directory that it is in, so that no link that somebody puts on the way leads to a mount elsewhere.
Outcome UmountTreeCall::TakeDownOne(const MountLine& line) const {
  NamedPlace place;
  if (const int error = place.Open(line.mount_point)) {
    // A link where the table had a directory.
    return Outcome::Failure(error == ELOOP ? EBUSY : error, "umount2", "identify");
  }
  uint64_t there = 0;
  const std::string path = place.Path();
  if (kernel::MountPointId(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, kernel::IdKind::kMountinfo, &there) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  // Covered by what stays, or by a new mount, or gone.
  if (there != line.id) return Outcome::Failure(EBUSY, "umount2", "identify");
  return Unmount(path, flags_ | UMOUNT_NOFOLLOW);
}

// One pass. True when the last one is down. Those that must still be there, as far as this knows, ascending.
bool UmountTreeCall::TakeDown(const std::vector<OrderedMount>& order, Result* result,
                              std::vector<uint64_t>* still_there) {
  result->outcome = {};
  result->remaining.clear();
  still_there->clear();
  std::vector<bool> stays(order.size(), false);
  for (size_t index = 0; index < order.size(); ++index) {
    const MountLine& line = *order[index].line;
    if (!stays[index]) {
      const Outcome outcome = TakeDownOne(line);
      if (!outcome.Failed()) {
        result->down.push_back(line.mount_point);
        continue;
      }
      if (!result->outcome.Failed()) result->outcome = FailureAt(outcome, line.mount_point);
    }
    stays[order[index].parent] = true;
    still_there->push_back(line.id);
    result->remaining.push_back(line.mount_point);
  }
  std::reverse(result->remaining.begin(), result->remaining.end());
  std::sort(still_there->begin(), still_there->end());
  return still_there->empty();
}

UmountTreeCall::Result UmountTreeCall::Run() {
  Outcome found = LocateMount(target_, id_, &path_, &flags_);
  if (!found.Failed()) found = FindBottom();
  if (!found.Failed() && !cancellation_.Commit()) found = Cancelled();
  if (found.Failed()) return Result(found);
  if (bottom_ == 0) {
    // The kernel says what is wrong. With an id it is not asked: by now the path may lead to another mount.
    return Result(id_ ? Outcome::Failure(EINVAL, "umount2", "unmount") : Unmount(path_, flags_));
  }

  Result result;
  std::vector<uint64_t> still_there;
  for (int pass = 0;; ++pass) {
    std::vector<MountLine> table;
    if (!ReadMountTable(&table)) {
      // Once some are down, why the others are not is what counts, and they are those that the pass before has left.
      if (pass == 0) result.outcome = Outcome::Failure(errno, "read", "read the mount table");
      return result;
    }
    const std::vector<OrderedMount> order = Order(table);
    if (order.empty()) return Result();  // somebody else took the last one down
    // The same as after the pass before: nobody has changed anything, and another pass would not either.
    if (pass == kMostPasses || (pass > 0 && SortedIds(order) == still_there)) {
      result.remaining.clear();
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
