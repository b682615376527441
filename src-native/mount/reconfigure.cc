// Changes the parameters of a mounted filesystem by fspick(2), or by mount(2) in a private mount namespace.
#include "mount/reconfigure.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <string_view>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "kernel/fs_context.h"
#include "kernel/path.h"
#include "table/mount_lines.h"
#include "threads/private_mounts.h"

namespace {

bool HasWord(std::string_view options, std::string_view word) {
  for (size_t at = 0; at < options.size();) {
    const size_t end = std::min(options.find(',', at), options.size());
    if (options.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// Converts the filesystem options of the mount table to mount(2) flags. MS_REMOUNT clears each of these flags that the
// call does not repeat (linux/fs.h, MS_RMT_MASK), so the caller repeats the flags that the filesystem has.
unsigned long FilesystemFlags(std::string_view options) {
  unsigned long flags = 0;
  if (HasWord(options, "ro")) flags |= MS_RDONLY;
  if (HasWord(options, "sync")) flags |= MS_SYNCHRONOUS;
  if (HasWord(options, "mand")) flags |= MS_MANDLOCK;
  if (HasWord(options, "lazytime")) flags |= kernel::kMsLazyTime;
  return flags;
}

}  // namespace

void ReconfigureCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.BytesList("parameters", &parameters_).OptionalBytes("data", &data_).Bytes("mode", &mode_);
  ReadOperation(arguments);
  // FsPickError() is called only once, because its result also decides whether the call runs on a thread of its own. If
  // a second result differed, Run would move the calling thread itself into a private mount namespace.
  by_data_ = data_ && kernel::FsPickError() != 0;
}

Outcome ReconfigureCall::Run() {
  if (by_data_) return RunByData();
  Outcome outcome = target_.LookUp();
  if (!outcome.Failed()) outcome = target_.OpenIfCancellable(cancellation_);
  if (outcome.Failed()) return outcome;
  const unsigned empty = target_.empty_path_flag() ? kernel::kFsPickEmptyPath : 0;
  FsContext context = FsContext::Pick(target_.at(), target_.path(), empty);
  if (!mode_.empty()) context.SetFlag(mode_.c_str(), "set mode");
  for (size_t at = 0; at < parameters_.size(); ++at) {
    context.SetWord(parameters_[at], "set parameter", static_cast<int>(at));
  }
  if (context.outcome().Failed()) return context.outcome();
  if (!cancellation_.Commit()) return Cancelled();
  return context.Reconfigure().outcome();
}

// Changes the filesystem by mount(2) with MS_REMOUNT, which also sets the attributes of the mount at the target: a
// read-only mount would become writable together with its filesystem, at least until the next remount. So this function
// remounts a copy of the mount, in a private mount namespace of this thread.
Outcome ReconfigureCall::RunByData() {
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  PrivateMounts mounts;
  if (const int error = mounts.Enter()) {
    // The kernel requires the same privilege for unshare(2) as for fspick(2), so EPERM is reported as a failure of
    // fspick(2).
    if (error == EPERM) return Outcome::Failure(EPERM, "fspick", "open context");
    return Outcome::Failure(error, "unshare", "make a namespace");
  }
  const Outcome outcome = target_.LookUp();
  if (outcome.Failed()) return outcome;
  const std::string path = target_.FullPath();
  uint64_t id = 0;
  std::vector<MountLine> lines;
  std::string options;
  if (kernel::MountId(AT_FDCWD, path.c_str(), 0, kernel::IdKind::kMountinfo, &id) < 0) {
    return Outcome::Failure(errno, "mount", "reconfigure");
  }
  if (!ReadMountTree(id, &lines) || !ReadFilesystemOptions(id, &options)) {
    return Outcome::Failure(errno, "read", "read the mount table");
  }
  // In a user namespace the attributes of the copy may be locked, and a remount that clears a locked attribute fails
  // with EPERM.
  unsigned long flags =
      MS_REMOUNT | attributes::FlagsOf(lines[0].attributes & ~attributes::kReadOnly) | FilesystemFlags(options);
  if (mode_ == "ro") flags |= MS_RDONLY;
  if (mode_ == "rw") flags &= ~static_cast<unsigned long>(MS_RDONLY);
  if (!cancellation_.Commit()) return Cancelled();
  if (mount(nullptr, path.c_str(), nullptr, flags, data_->empty() ? nullptr : data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "reconfigure");
  }
  return {};
}
