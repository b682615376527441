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
#include "overlay/overlay_features.h"
#include "overlay/upper_in_use.h"
#include "threads/pool.h"

namespace {

constexpr int kOpenLayer = O_PATH | O_DIRECTORY | O_CLOEXEC;

// By id where the kernel can be asked so, which takes half the time.
bool IsReadOnly(uint64_t id, const OwnedFd& mounted, const char* path) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountFilesystem, &status, sizeof status) == 0) {
    return (status.filesystem_flags & MS_RDONLY) != 0;
  }
  struct statfs filesystem;
  const int error = mounted ? fstatfs(mounted.get(), &filesystem) : statfs(path, &filesystem);
  return error == 0 && (filesystem.f_flags & ST_RDONLY) != 0;
}

// overlayfs that cannot use its work directory mounts read-only, says so in the kernel log alone and reports success
// (fs/overlayfs/super.c, ovl_get_workdir). Whoever gave an upper layer wants to write.
Outcome NotWritable() { return Outcome::Failure(EROFS, "mount", "verify"); }

}  // namespace

void OverlayCall::Read(Arguments& arguments) {
  arguments.Bytes("source", &source_);
  target_.Read(arguments);
  arguments.BytesList("lower", &lower_)
      .BytesList("dataOnly", &data_only_)
      .OptionalBytes("upper", &upper_)
      .OptionalBytes("work", &work_)
      .BytesList("words", &words_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_)
      .Flags("ways", &ways_)
      .Boolean("writable", &writable_)
      .Boolean("exclusive", &exclusive_)
      .Boolean("vacant", &vacant_)
      .Boolean("detached", &detached_)
      .BytesList("idMaps", &maps_);
  ReadOperation(arguments);
}

void OverlayCall::ReadUsual(Arguments& arguments) {
  source_ = "overlay";
  ways_ = kData;
  target_.ReadPath(arguments);
  arguments.Flags("flags", &flags_).Bytes("data", &data_.emplace()).Boolean("writable", &writable_);
}

MountResult OverlayCall::Make() {
  Outcome outcome = Check();
  if (outcome.Failed()) return MountResult(outcome);
  UpperInUse in_use;
  if (exclusive_ && upper_ && work_) outcome = in_use.Claim(upper_->c_str(), work_->c_str());
  if (outcome.Failed()) return MountResult(std::move(outcome));
  return IsApart() ? RunApart() : MountResult(Mount());
}

Outcome OverlayCall::Check() {
  if (detached_) return {};
  const Outcome outcome = target_.Find();
  return outcome.Failed() || !vacant_ ? outcome : target_.CheckVacant();
}

Outcome OverlayCall::Mount() {
  if (ways_ & kData) return MountByData();
  const overlay::Features features = overlay::Find();
  const bool has_fsconfig = features.appends;
  if (!has_fsconfig && (ways_ & kDescriptors) == 0) return features.NoWay();
  Opened opened;
  const Outcome failure = Open(&opened);
  if (failure.Failed()) return failure;
  return has_fsconfig && (ways_ & kFsconfig) ? MountByFsconfig(opened) : MountByDescriptors(opened);
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
  // The index counts lower, data-only, upper, work: all directories of the call one after the other.
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
  if (mount(source_.c_str(), target_.PathBefore().c_str(), "overlay", flags_, data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  return Finish();
}

Outcome OverlayCall::MountByFsconfig(const Opened& opened) {
  OwnedFd tree;
  Outcome outcome = MakeTree(opened, &tree);
  if (!outcome.Failed()) outcome = CheckWritable(tree);
  if (!outcome.Failed()) outcome = Attach(tree.get(), target_, cancellation_);
  if (!outcome.Failed()) outcome.way = kFsconfig;
  return outcome;
}

Outcome OverlayCall::MountByDescriptors(const Opened& opened) {
  const std::string data = DescriptorData(opened);
  if (data.size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  const OwnedFd target(open(target_.PathBefore().c_str(), O_PATH | O_CLOEXEC));
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
    // Not lazily: what was mounted there before stays, as this has it open.
    outcome.left = umount2(name.c_str(), 0) < 0;
  } else {
    outcome = Finish();
  }
  if (!outcome.Failed()) outcome.way = kDescriptors;
  return outcome;
}

Outcome OverlayCall::Finish() const {
  OwnedFd mounted;
  Outcome outcome = FinishMount(target_, cancellation_, &mounted);
  if (outcome.Failed() || !writable_) return outcome;
  if (!IsReadOnly(outcome.mount_id, mounted, target_.PathBefore().c_str())) return outcome;
  outcome = NotWritable();
  outcome.left = !target_.TakeDown(mounted, false);
  return outcome;
}

Outcome OverlayCall::CheckWritable(const OwnedFd& tree) const {
  struct statfs filesystem;
  const bool is_read_only = writable_ && fstatfs(tree.get(), &filesystem) == 0 && (filesystem.f_flags & ST_RDONLY) != 0;
  return is_read_only ? NotWritable() : Outcome{};
}
