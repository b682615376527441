#include "engines/holders/holders.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "engines/holders/proc.h"
#include "engines/holders/unix_sockets.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

// "mnt:[4026531841]"; 0 when it cannot be read.
uint64_t NamespaceOf(const std::string& process) {
  const std::string link = proc::Link("/proc/" + process + "/ns/mnt");
  const size_t bracket = link.find('[');
  return bracket == std::string::npos ? 0 : fields::Number(std::string_view(link).substr(bracket + 1));
}

// Looks at each namespace once, through the first process that is in it.
class Namespaces {
 public:
  Namespaces(const MountTraits& mount, uint64_t parent_group, HoldersCall::Result* result)
      : mount_(mount), parent_group_(parent_group), result_(result), seen_{NamespaceOf("thread-self")} {}

  void LookThrough(pid_t process, std::vector<uint64_t>* going_along) {
    const std::string name = std::to_string(process);
    const uint64_t inode = NamespaceOf(name);
    if (inode == 0 || std::find(seen_.begin(), seen_.end(), inode) != seen_.end()) return;
    std::string table;
    // One that has just ended, or is root in a directory of its own (chroot), sees nothing; another may.
    if (!proc::ReadFile("/proc/" + name + "/mountinfo", &table) || table.empty()) return;
    seen_.push_back(inode);
    const std::vector<MountTraits> mounts = ReadTraits(table);
    const std::vector<MountCopy> copies = FindCopies(mounts, mount_, parent_group_);
    if (!copies.empty()) result_->namespaces.push_back({inode, process, copies.front().mount->mount_point});
    for (const MountCopy& copy : copies) {
      if (copy.is_unmounted_too) going_along->push_back(copy.mount->id);
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
  proc::Names("/sys/block", &names);  // there may be no /sys
  for (const std::string& name : names) {
    if (!name.starts_with("loop")) continue;
    std::string file;
    if (!proc::ReadFile("/sys/block/" + name + "/loop/backing_file", &file)) continue;  // it has none
    if (!file.empty() && file.back() == '\n') file.pop_back();
    loops->emplace_back("/dev/" + name, std::move(file));
  }
  std::sort(loops->begin(), loops->end());
}

void ReadCommands(HoldersCall::Result* result) {
  std::vector<pid_t> processes;
  for (const ProcessUse& use : result->uses) processes.push_back(use.process);
  for (const HoldersCall::Namespace& other : result->namespaces) processes.push_back(other.process);
  std::sort(processes.begin(), processes.end());
  processes.erase(std::unique(processes.begin(), processes.end()), processes.end());
  for (const pid_t process : processes) result->commands.emplace_back(process, proc::CommandOf(process));
}

}  // namespace

HoldersCall::Result HoldersCall::Run() {
  proc::TakeShortage();
  Result result;
  const int looked = kernel::MountPointId(AT_FDCWD, target_.c_str(), 0, kernel::IdKind::kMountinfo, &result.mount_id);
  if (looked < 0) return Result(Outcome::Failure(errno, "statx", "check target"));
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
  // One of another namespace: who uses it can be told by its id all the same.
  const MountTraits unknown;
  if (mount == nullptr) mount = &unknown;
  const MountTraits* parent = FindMount(mounts, mount->parent_id);
  const uint64_t parent_group = parent == nullptr ? 0 : parent->shared;

  WantedMounts wanted{{result.mount_id}, mount->device, SocketsOn(mount->device), mount->type == "overlay"};
  if (mount != &unknown) {
    for (const MountCopy& copy : FindCopies(mounts, *mount, parent_group)) {
      if (copy.is_unmounted_too) wanted.ids.push_back(copy.mount->id);
    }
    Namespaces others(*mount, parent_group, &result);
    for (const int process : processes) others.LookThrough(process, &wanted.ids);
  }
  std::sort(wanted.ids.begin(), wanted.ids.end());

  for (const int process : processes) {
    if (!FindUses(process, wanted, &result.uses)) ++result.unseen;
  }
  result.processes = processes.size();
  ReadCommands(&result);
  if (const int error = proc::TakeShortage()) {
    return Result(Outcome::Failure(error, "open", "look at the processes"));
  }
  return result;
}

napi_value HoldersCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  const auto bytes = [&](const std::string& text) {
    return Napi::Value(Napi::Buffer<char>::Copy(env, text.data(), text.size()));
  };
  const auto command = [&](pid_t process) {
    const auto at = std::lower_bound(commands.begin(), commands.end(), std::pair(process, std::string()));
    return bytes(at == commands.end() ? std::string() : at->second);
  };

  Napi::Array use_values = Napi::Array::New(env, uses.size());
  for (uint32_t index = 0; index < uses.size(); ++index) {
    Napi::HandleScope scope(env);
    const ProcessUse& use = uses[index];
    Napi::Object value = Napi::Object::New(env);
    value.Set("pid", use.process);
    value.Set("command", command(use.process));
    value.Set("how", use.how);
    value.Set("fd", use.fd);
    value.Set("path", bytes(use.path));
    value.Set("byDevice", use.by_device);
    use_values.Set(index, value);
  }
  Napi::Array namespace_values = Napi::Array::New(env, namespaces.size());
  for (uint32_t index = 0; index < namespaces.size(); ++index) {
    Napi::HandleScope scope(env);
    const Namespace& other = namespaces[index];
    Napi::Object value = Napi::Object::New(env);
    value.Set("inode", Napi::BigInt::New(env, other.inode));
    value.Set("pid", other.process);
    value.Set("command", command(other.process));
    value.Set("mountPoint", bytes(other.mount_point));
    namespace_values.Set(index, value);
  }
  Napi::Array loop_values = Napi::Array::New(env, loops.size());
  for (uint32_t index = 0; index < loops.size(); ++index) {
    Napi::Object value = Napi::Object::New(env);
    value.Set("device", loops[index].first);
    value.Set("file", bytes(loops[index].second));
    loop_values.Set(index, value);
  }
  Napi::Object value = Napi::Object::New(env);
  value.Set("mountId", Napi::BigInt::New(env, mount_id));
  value.Set("uses", use_values);
  value.Set("namespaces", namespace_values);
  value.Set("loops", loop_values);
  value.Set("table", bytes(table));
  value.Set("swaps", swaps.empty() ? env.Null() : bytes(swaps));
  value.Set("processes", static_cast<double>(processes));
  value.Set("unseen", static_cast<double>(unseen));
  return value;
}
