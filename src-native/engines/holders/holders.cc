// Scans the processes, mount namespaces, loop devices and swap files, and turns the result into JavaScript values.
#include "engines/holders/holders.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "engines/holders/proc.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

// Returns the inode of a process's mount namespace from a link text such as "mnt:[4026531841]", or 0 when the link
// cannot be read.
uint64_t NamespaceOf(const std::string& process) {
  const std::string link = proc::Link("/proc/" + process + "/ns/mnt");
  const size_t bracket = link.find('[');
  return bracket == std::string::npos ? 0 : fields::Number(std::string_view(link).substr(bracket + 1));
}

// Searches every other mount namespace once for copies of a mount, through the first process that is in the namespace.
class NamespaceSearch {
 public:
  NamespaceSearch(const MountTraits& mount, uint64_t parent_group, HoldersCall::Result* result)
      : mount_(mount), parent_group_(parent_group), result_(result), seen_{NamespaceOf("thread-self")} {}

  // Appends to `propagated` the mount IDs of the copies to which an umount would propagate.
  void SearchNamespaceOf(pid_t process, std::vector<uint64_t>* propagated) {
    const std::string name = std::to_string(process);
    const uint64_t inode = NamespaceOf(name);
    if (inode == 0 || std::find(seen_.begin(), seen_.end(), inode) != seen_.end()) return;
    std::string table;
    // The mount table of a process that has ended, or that called chroot(2), can be empty. Another process of the mount
    // namespace may have a complete table, so this namespace is not marked as seen.
    if (!proc::ReadFile("/proc/" + name + "/mountinfo", &table) || table.empty()) return;
    seen_.push_back(inode);
    const std::vector<MountTraits> mounts = ReadTraits(table);
    const std::vector<MountCopy> copies = FindCopies(mounts, mount_, parent_group_);
    if (!copies.empty()) {
      result_->namespaces.push_back({inode, process, proc::CommandOf(process), copies.front().mount->mount_point});
    }
    for (const MountCopy& copy : copies) {
      if (copy.is_unmounted_too) propagated->push_back(copy.mount->id);
    }
  }

 private:
  const MountTraits& mount_;
  const uint64_t parent_group_;
  HoldersCall::Result* const result_;
  std::vector<uint64_t> seen_;
};

void ReadLoops(std::vector<std::pair<std::string, std::string>>* loops) {
  std::vector<std::string> names;
  proc::Names("/sys/block", &names);  // if sysfs is not mounted, no loop device is found
  for (const std::string& name : names) {
    if (!name.starts_with("loop")) continue;
    std::string file;
    // Only a loop device with a backing file has the file backing_file in sysfs (drivers/block/loop.c).
    if (!proc::ReadFile("/sys/block/" + name + "/loop/backing_file", &file)) continue;
    if (!file.empty() && file.back() == '\n') file.pop_back();
    loops->emplace_back("/dev/" + name, std::move(file));
  }
  std::sort(loops->begin(), loops->end());
}

// Converts a vector to a JavaScript array of objects. `fill` sets the properties of one object.
template <typename Item, typename Fill>
Napi::Array ToArray(Napi::Env env, const std::vector<Item>& items, Fill fill) {
  Napi::Array values = Napi::Array::New(env, items.size());
  for (uint32_t index = 0; index < items.size(); ++index) {
    Napi::HandleScope scope(env);
    Napi::Object value = Napi::Object::New(env);
    fill(value, items[index]);
    values.Set(index, value);
  }
  return values;
}

}  // namespace

HoldersCall::Result HoldersCall::Run() {
  proc::TakeShortage();
  Result result;
  const int found = kernel::MountPointId(AT_FDCWD, target_.c_str(), 0, kernel::IdKind::kMountinfo, &result.mount_id);
  if (found < 0) return Result(Outcome::Failure(errno, "statx", "check target"));
  directory.LeaveAndRelease();
  if (result.mount_id == 0) return Result(Outcome::Failure(EINVAL, "statx", "check target"));
  if (!ReadWhole("/proc/thread-self/mountinfo", &result.table)) {
    return Result(Outcome::Failure(errno, "read", "read the mount table"));
  }
  proc::ReadFile("/proc/swaps", &result.swaps);
  ReadLoops(&result.loops);
  std::vector<int> processes;
  if (!proc::Numbers("/proc", &processes)) return Result(Outcome::Failure(errno, "open", "list the processes"));

  const std::vector<MountTraits> mounts = ReadTraits(result.table);
  const MountTraits* mount = FindMount(mounts, result.mount_id);
  // A mount of another mount namespace is not in the mount table. Uses of such a mount are found by its mount ID alone.
  const MountTraits unknown;
  if (mount == nullptr) mount = &unknown;
  const MountTraits* parent = FindMount(mounts, mount->parent_id);
  const uint64_t parent_group = parent == nullptr ? 0 : parent->shared;

  WantedMounts wanted{{result.mount_id}, mount->device, SocketsOn(mount->device), mount->type == "overlay"};
  if (mount != &unknown) {
    for (const MountCopy& copy : FindCopies(mounts, *mount, parent_group)) {
      if (copy.is_unmounted_too) wanted.ids.push_back(copy.mount->id);
    }
    NamespaceSearch others(*mount, parent_group, &result);
    for (const int process : processes) others.SearchNamespaceOf(process, &wanted.ids);
  }
  std::sort(wanted.ids.begin(), wanted.ids.end());

  for (const int process : processes) {
    if (!FindUses(process, wanted, &result.uses)) ++result.unseen;
  }
  result.processes = processes.size();
  if (const int error = proc::TakeShortage()) {
    return Result(Outcome::Failure(error, "open", "scan the processes"));
  }
  return result;
}

napi_value HoldersCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  const auto bytes = [&](const std::string& text) {
    return Napi::Value(Napi::Buffer<char>::Copy(env, text.data(), text.size()));
  };
  Napi::Object value = Napi::Object::New(env);
  value.Set("mountId", Napi::BigInt::New(env, mount_id));
  value.Set("uses", ToArray(env, uses, [&](Napi::Object object, const ProcessUse& use) {
              object.Set("pid", use.process);
              object.Set("command", bytes(use.command));
              object.Set("how", use.how);
              object.Set("fd", use.fd);
              object.Set("path", bytes(use.path));
              object.Set("byDevice", use.by_device);
            }));
  value.Set("namespaces", ToArray(env, namespaces, [&](Napi::Object object, const Namespace& other) {
              object.Set("inode", Napi::BigInt::New(env, other.inode));
              object.Set("pid", other.process);
              object.Set("command", bytes(other.command));
              object.Set("mountPoint", bytes(other.mount_point));
            }));
  value.Set("loops", ToArray(env, loops, [&](Napi::Object object, const auto& loop) {
              object.Set("device", loop.first);
              object.Set("file", bytes(loop.second));
            }));
  value.Set("table", bytes(table));
  value.Set("swaps", swaps.empty() ? env.Null() : bytes(swaps));
  value.Set("processes", static_cast<double>(processes));
  value.Set("unseen", static_cast<double>(unseen));
  return value;
}
