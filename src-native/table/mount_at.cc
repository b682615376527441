#include "table/mount_at.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel/owned_fd.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"
#include "table/statmount_line.h"

namespace {

constexpr const char* kOurs = "/proc/thread-self";

// The id in the table of the mount that a descriptor is on. proc_pid_fdinfo(5) tells it where statx(2) does not, or is
// refused by a sandbox.
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

// The line with this id, and its lasting id, from the table.
bool FindLine(uint64_t mountinfo_id, MountLines* found) {
  OpenTable table;
  MountLines all;
  if (!table.Open(kOurs) || !table.Read(&all)) return false;
  size_t line = 0;
  for (size_t at = 0; at < all.text.size(); ++line) {
    const size_t end = std::min(all.text.find('\n', at), all.text.size() - 1) + 1;
    if (fields::Number(std::string_view(all.text).substr(at)) == mountinfo_id) {
      found->text = all.text.substr(at, end - at);
      if (!all.ids.empty()) found->ids.push_back(all.ids[line]);
      return true;
    }
    at = end;
  }
  errno = ENOENT;
  return false;
}

Outcome SearchTable(const std::string& path, MountLines* found, std::string* where) {
  const OwnedFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return Outcome::Failure(errno, "open", "go to the path");
  uint64_t id = 0;
  if (!MountinfoIdOf(fd.get(), &id)) return Outcome::Failure(errno, "statx", "identify the mount");
  if (!FindLine(id, found)) {
    const int error = errno;
    return Outcome::Failure(error, "read", error == ENOENT ? "find the mount in the table" : "read the mount table");
  }
  if (where != nullptr) *where = procfs::PathOf(fd.get());
  return {};
}

// Whether statx(2) is not there, or not allowed by a filter that knows no better error.
bool CannotAsk(int error) { return error == ENOSYS || error == EPERM; }

}  // namespace

MountRootCall::Result MountRootCall::Run() {
  Result result;
  const int answer = kernel::IsMountRoot(AT_FDCWD, path_.c_str(), 0);
  if (answer >= 0) {
    result.is_root = answer == 1;
    return result;
  }
  if (!CannotAsk(errno)) return Result(Outcome::Failure(errno, "statx", "go to the path"));
  MountLines found;
  std::string where;
  result.outcome = SearchTable(path_, &found, &where);
  result.is_root = !result.outcome.Failed() && MountPointOf(found.text) == where;
  return result;
}

napi_value MountRootCall::Result::ToValue(Napi::Env env) const {
  return outcome.Failed() ? outcome.ToValue(env) : Napi::Boolean::New(env, is_root);
}

MountAtCall::Result MountAtCall::Run() {
  Result result;
  // The mount may be taken down between the two calls, and then the path is on another.
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    uint64_t id = 0;
    if (kernel::MountId(AT_FDCWD, path_.c_str(), 0, kernel::IdKind::kUnique, &id) < 0) {
      if (!CannotAsk(errno)) return Result(Outcome::Failure(errno, "statx", "go to the path"));
      break;
    }
    // An id of the table is too small for statmount(2), which answers EINVAL.
    if (LineOfMount(id, &result.lines.text)) {
      result.lines.ids.push_back(id);
      return result;
    }
    if (errno != ENOENT) break;
  }
  result.outcome = SearchTable(path_, &result.lines, nullptr);
  return result;
}
