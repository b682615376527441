// Finds the mount at a path by statx(2) and statmount(2), or in the mount table where these calls are missing.
#include "table/mount_at.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel/owned_fd.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"
#include "table/statmount_line.h"

namespace {

// Finds the mountinfo ID of the mount that contains an open file. On kernels before 5.8, and in sandboxes that refuse
// statx(2), the ID is read from /proc/PID/fdinfo/FD (proc_pid_fdinfo(5)).
bool MountinfoIdOf(int fd, uint64_t* id) {
  if (kernel::MountId(fd, "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, id) == 0) return true;
  std::string text;
  if (!ReadWhole(procfs::Self("fdinfo/" + std::to_string(fd)).c_str(), &text)) return false;
  const size_t at = text.find("mnt_id:");
  if (at == std::string::npos) {
    errno = ENOSYS;
    return false;
  }
  *id = fields::Number(std::string_view(text).substr(at + sizeof "mnt_id:" - 1));
  return true;
}

// Finds the line with a mountinfo ID in the mount table, with the unique mount ID if the kernel has it.
bool FindLine(uint64_t mountinfo_id, MountLines* found) {
  OpenTable table;
  MountLines all;
  if (!table.Open(OpenTable::kOwn) || !table.Read(&all)) return false;
  std::string_view rest = all.text;
  for (size_t index = 0; !rest.empty(); ++index) {
    const std::string_view line = fields::Take(&rest, '\n');
    if (fields::Number(line) != mountinfo_id) continue;
    found->text.append(line).append("\n");
    if (!all.ids.empty()) found->ids.push_back(all.ids[index]);
    return true;
  }
  errno = ENOENT;
  return false;
}

// Finds the mount that contains `path` in the mount table. `resolved`, if not null, receives the path without links.
Outcome SearchTable(const std::string& path, MountLines* found, std::string* resolved) {
  const OwnedFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return Outcome::Failure(errno, "open", "go to the path");
  uint64_t id = 0;
  if (!MountinfoIdOf(fd.get(), &id)) return Outcome::Failure(errno, "statx", "identify the mount");
  if (!FindLine(id, found)) {
    const int error = errno;
    return Outcome::Failure(error, "read", error == ENOENT ? "find the mount in the table" : "read the mount table");
  }
  if (resolved != nullptr) *resolved = procfs::PathOf(fd.get());
  return {};
}

// Reports whether the kernel lacks statx(2), or a seccomp filter refuses statx(2): older filters fail with EPERM.
bool IsMissing(int error) { return error == ENOSYS || error == EPERM; }

}  // namespace

MountRootCall::Result MountRootCall::Run() {
  Result result;
  const int answer = kernel::IsMountRoot(AT_FDCWD, path_.c_str(), 0);
  if (answer >= 0) {
    result.is_root = answer == 1;
    return result;
  }
  if (!IsMissing(errno)) return Result(Outcome::Failure(errno, "statx", "go to the path"));
  MountLines found;
  std::string resolved;
  result.outcome = SearchTable(path_, &found, &resolved);
  result.is_root = !result.outcome.Failed() && MountPointOf(found.text) == resolved;
  return result;
}

napi_value MountRootCall::Result::ToValue(Napi::Env env) const {
  return outcome.Failed() ? outcome.ToValue(env) : Napi::Boolean::New(env, is_root);
}

MountAtCall::Result MountAtCall::Run() {
  Result result;
  // Another process may unmount the mount between the two system calls. The path then belongs to another mount, and the
  // loop tries again.
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    uint64_t id = 0;
    if (kernel::MountId(AT_FDCWD, path_.c_str(), 0, kernel::IdKind::kUnique, &id) < 0) {
      if (!IsMissing(errno)) return Result(Outcome::Failure(errno, "statx", "go to the path"));
      break;
    }
    // statmount(2) fails with EINVAL for a mountinfo ID, which statx(2) returns before Linux 6.8.
    if (LineOfMount(id, &result.lines.text)) {
      result.lines.ids.push_back(id);
      return result;
    }
    if (errno != ENOENT) break;
  }
  result.outcome = SearchTable(path_, &result.lines, nullptr);
  return result;
}
