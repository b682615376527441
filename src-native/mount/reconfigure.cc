#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "kernel/calls.h"
#include "kernel/fs_context.h"
#include "kernel/path.h"
#include "mount/operations.h"
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

// MS_REMOUNT sets these to what it is given (linux/fs.h, MS_RMT_MASK): those that are to stay are told again.
unsigned long FlagsShown(std::string_view options) {
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
  // Asked once: which thread it runs on depends on it, and a second answer that is another would take a namespace away
  // from the thread that asks.
  by_data_ = data_ && kernel::FsPickError() != 0;
}

Outcome ReconfigureCall::Run() {
  if (by_data_) return RunByData();
  Outcome outcome = target_.Find();
  if (!outcome.Failed()) outcome = target_.Hold(cancellation_);
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

// mount(2) cannot change a filesystem without setting the attributes of the mount that leads to it as well: a mount
// that is read-only would become writable with its filesystem, if only until it is remounted. So the filesystem is
// changed by a copy of the mount, in a namespace of this thread's own.
Outcome ReconfigureCall::RunByData() {
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  PrivateMounts mounts;
  if (const int error = mounts.Enter()) {
    // Who is not permitted that has not been permitted the other either.
    if (error == EPERM) return Outcome::Failure(EPERM, "fspick", "open context");
    return Outcome::Failure(error, "unshare", "make a namespace");
  }
  const Outcome outcome = target_.Find();
  if (outcome.Failed()) return outcome;
  const std::string path = target_.PathBefore();
  uint64_t id = 0;
  std::vector<MountLine> lines;
  std::string shown;
  if (kernel::MountId(AT_FDCWD, path.c_str(), 0, kernel::IdKind::kMountinfo, &id) < 0) {
    return Outcome::Failure(errno, "mount", "reconfigure");
  }
  if (!ReadMountTree(id, &lines) || !ReadFilesystemOptions(id, &shown)) {
    return Outcome::Failure(errno, "read", "read the mount table");
  }
  // The attributes of the copy may be locked (in a user namespace), so that they are kept too.
  unsigned long flags = MS_REMOUNT | (lines[0].attribute_flags & attributes::kFlags & ~MS_RDONLY) | FlagsShown(shown);
  if (mode_ == "ro") flags |= MS_RDONLY;
  if (mode_ == "rw") flags &= ~static_cast<unsigned long>(MS_RDONLY);
  if (!cancellation_.Commit()) return Cancelled();
  if (mount(nullptr, path.c_str(), nullptr, flags, data_->empty() ? nullptr : data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "reconfigure");
  }
  return {};
}
