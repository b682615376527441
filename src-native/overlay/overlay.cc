// Mounts overlays: chooses the strategy, opens the layers, mounts, and verifies the result.
#include "overlay/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "kernel/calls.h"
#include "kernel/mount_ids.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "overlay/upper_in_use.h"
#include "threads/pool.h"

namespace {

constexpr int kOpenLayer = O_PATH | O_DIRECTORY | O_CLOEXEC;

// Whether the filesystem of a new mount is read-only. statmount(2) by mount ID (6.8) takes half the time of statfs(2).
bool IsReadOnly(uint64_t id, const OwnedFd& mounted, const char* path) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountFilesystem, &status, sizeof status) == 0) {
    return (status.filesystem_flags & MS_RDONLY) != 0;
  }
  struct statfs filesystem;
  const int error = mounted ? fstatfs(mounted.get(), &filesystem) : statfs(path, &filesystem);
  return error == 0 && (filesystem.f_flags & ST_RDONLY) != 0;
}

// The failure for an overlay that is read-only although the caller passed an upper directory. overlayfs mounts
// read-only without an error if it cannot use the work directory, and reports the reason only in the kernel log
// (fs/overlayfs/super.c, ovl_get_workdir).
Outcome NotWritable() { return Outcome::Failure(EROFS, "mount", "verify"); }

}  // namespace

void OverlayCall::Read(Arguments& arguments) {
  arguments.Bytes("source", &source_);
  target_.Read(arguments);
  arguments.BytesList("lower", &lower_)
      .BytesList("dataOnly", &data_only_)
      .OptionalBytes("upper", &upper_)
      .OptionalBytes("work", &work_)
      .BytesList("options", &options_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_)
      .Flags("strategies", &strategies_)
      .Boolean("writable", &writable_)
      .Boolean("exclusive", &exclusive_)
      .Boolean("requireUnmounted", &require_unmounted_)
      .Boolean("detached", &detached_)
      .BytesList("idMaps", &id_maps_);
  ReadOperation(arguments);
}

MountResult OverlayCall::Make() {
  Outcome outcome = CheckTarget();
  if (outcome.Failed()) return MountResult(outcome);
  UpperInUse in_use;
  if (exclusive_ && upper_ && work_) outcome = in_use.Claim(upper_->c_str(), work_->c_str());
  if (outcome.Failed()) return MountResult(std::move(outcome));
  return NeedsPrivateNamespace() ? RunInPrivateNamespace() : MountResult(Mount());
}

Outcome OverlayCall::CheckTarget() {
  if (detached_) return {};
  const Outcome outcome = target_.LookUp();
  return outcome.Failed() || !require_unmounted_ ? outcome : target_.RequireUnmounted();
}

Outcome OverlayCall::Mount() {
  if (strategies_ & kData) return MountByData();
  const overlay::KernelSupport support = overlay::FindKernelSupport();
  const bool has_fsconfig = support.appends;
  if (!has_fsconfig && (strategies_ & kDescriptors) == 0) return support.NoStrategy();
  Opened opened;
  const Outcome failure = Open(&opened);
  if (failure.Failed()) return failure;
  return has_fsconfig && (strategies_ & kFsconfig) ? MountByFsconfig(opened) : MountByDescriptors(opened);
}

Outcome OverlayCall::Open(Opened* opened) const {
  opened->layers.reserve(lower_.size() + data_only_.size());
  const auto open_at = [&](const std::string& path, int index, OwnedFd* fd) {
    *fd = OwnedFd(open(path.c_str(), kOpenLayer));
    if (*fd) return Outcome{};
    Outcome failure = Outcome::Failure(errno, "open", "open layer");
    failure.index = index;
    return failure;
  };
  // Outcome::index counts the directories of the call in this order: lower, data-only, upper, work.
  int index = 0;
  for (const auto* list : {&lower_, &data_only_}) {
    for (const std::string& path : *list) {
      opened->layers.emplace_back();
      const Outcome failure = open_at(path, index++, &opened->layers.back());
      if (failure.Failed()) return failure;
    }
  }
  Outcome outcome;
  if (upper_) outcome = open_at(*upper_, index++, &opened->upper);
  if (!outcome.Failed() && work_) outcome = open_at(*work_, index, &opened->work);
  return outcome;
}

Outcome OverlayCall::MountByData() {
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  if (mount(source_.c_str(), target_.FullPath().c_str(), "overlay", flags_, data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  return Finish();
}

Outcome OverlayCall::MountByFsconfig(const Opened& opened) {
  OwnedFd tree;
  Outcome outcome = MakeTree(opened, &tree);
  if (!outcome.Failed()) outcome = CheckWritable(tree);
  if (!outcome.Failed()) outcome = Attach(tree.get(), target_, cancellation_);
  if (!outcome.Failed()) outcome.strategy = kFsconfig;
  return outcome;
}

Outcome OverlayCall::MountByDescriptors(const Opened& opened) {
  const std::string data = DescriptorData(opened);
  if (data.size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  const OwnedFd target(open(target_.FullPath().c_str(), O_PATH | O_CLOEXEC));
  if (!target) return Outcome::Failure(errno, "open", "open target");
  if (const int error = directory.MoveTo(procfs::Self("fd").c_str())) {
    return Outcome::Failure(error, threads::HasOwnDirectory() ? "chdir" : "unshare", "working directory");
  }
  const std::string name = std::to_string(target.get());
  if (mount(source_.c_str(), name.c_str(), "overlay", flags_, data.c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  Outcome outcome;
  if (const int error = directory.MoveBack()) {
    outcome = Outcome::Failure(error, "fchdir", "working directory");
    // The unmount is not lazy: a mount beneath stays mounted, because `target` is a descriptor of it.
    outcome.left = umount2(name.c_str(), 0) < 0;
  } else {
    outcome = Finish();
  }
  if (!outcome.Failed()) outcome.strategy = kDescriptors;
  return outcome;
}

Outcome OverlayCall::Finish() const {
  OwnedFd mounted;
  Outcome outcome = FinishMount(target_, cancellation_, &mounted);
  if (outcome.Failed() || !writable_) return outcome;
  if (!IsReadOnly(outcome.mount_id, mounted, target_.FullPath().c_str())) return outcome;
  outcome = NotWritable();
  outcome.left = !target_.Unmount(mounted, false);
  return outcome;
}

Outcome OverlayCall::CheckWritable(const OwnedFd& tree) const {
  struct statfs filesystem;
  const bool is_read_only = writable_ && fstatfs(tree.get(), &filesystem) == 0 && (filesystem.f_flags & ST_RDONLY) != 0;
  return is_read_only ? NotWritable() : Outcome{};
}
