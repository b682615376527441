#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "attach.h"
#include "attributes.h"
#include "kernel.h"
#include "overlay_features.h"
#include "upper_in_use.h"

namespace {

constexpr int kOpenLayer = O_PATH | O_DIRECTORY | O_CLOEXEC;

// By id, as a path may lead elsewhere by now, where the kernel can be asked so; and that takes half the time.
bool IsReadOnly(uint64_t id, const char* target) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountFilesystem, &status, sizeof status) == 0) {
    return (status.flags & MS_RDONLY) != 0;
  }
  struct statfs filesystem;
  return statfs(target, &filesystem) == 0 && (filesystem.f_flags & ST_RDONLY) != 0;
}

}  // namespace

void OverlayCall::Read(Arguments& arguments) {
  arguments.Bytes("source", &source_)
      .Bytes("target", &target_)
      .BytesList("lower", &lower_)
      .BytesList("dataOnly", &data_only_)
      .OptionalBytes("upper", &upper_)
      .OptionalBytes("work", &work_)
      .BytesList("words", &words_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_)
      .Flags("ways", &ways_)
      .Boolean("writable", &writable_)
      .Boolean("exclusive", &exclusive_)
      .Boolean("vacant", &vacant_);
}

Outcome OverlayCall::Run() {
  if (vacant_ && kernel::IsMountPoint(target_.c_str())) return Outcome::Failure(EBUSY, "mount", "check target");
  if (!exclusive_ || !upper_ || !work_) return Verify(Mount());
  UpperInUse in_use;
  Outcome outcome = in_use.Claim(upper_->c_str(), work_->c_str());
  return outcome.Failed() ? outcome : Verify(Mount());
}

Outcome OverlayCall::Mount() {
  if (ways_ & kData) return MountByData();
  const bool has_fsconfig = overlay::Find().appends;
  if (!has_fsconfig && (ways_ & kDescriptors) == 0) return Outcome::Failure(EOPNOTSUPP, "fsconfig", "choose a way");
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
  if (mount(source_.c_str(), target_.c_str(), "overlay", flags_, data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  Outcome outcome;
  if (kernel::MountId(AT_FDCWD, target_.c_str(), 0, kernel::IdKind::kLasting, &outcome.mount_id) == 0) return outcome;
  outcome = Outcome::Failure(errno, "statx", "identify");
  outcome.left = umount2(target_.c_str(), 0) < 0;
  return outcome;
}

Outcome OverlayCall::Configure(int context, const Opened& opened) const {
  const bool takes_descriptors = overlay::Find().descriptors;
  int error = 0;
  const auto set = [&](unsigned command, const char* key, const char* value, int aux) {
    if (kernel::FsConfig(context, command, key, value, aux) == 0) return true;
    error = errno;
    return false;
  };
  const auto set_layer = [&](const char* key, int fd) {
    if (takes_descriptors) return set(kernel::kFsConfigSetFd, key, nullptr, fd);
    return set(kernel::kFsConfigSetString, key, ("/proc/self/fd/" + std::to_string(fd)).c_str(), 0);
  };
  const auto failure = [&](const char* step, int index) {
    Outcome outcome = Outcome::Failure(error, "fsconfig", step);
    outcome.index = index;
    outcome.log = kernel::ReadLog(context);
    return outcome;
  };

  if (!set(kernel::kFsConfigSetString, "source", source_.c_str(), 0)) return failure("set source", -1);
  if ((flags_ & MS_RDONLY) && !set(kernel::kFsConfigSetFlag, "ro", nullptr, 0)) return failure("set ro", -1);
  int index = 0;
  for (const OwnedFd& layer : opened.layers) {
    const char* key = static_cast<size_t>(index) < lower_.size() ? "lowerdir+" : "datadir+";
    if (!set_layer(key, layer.get())) return failure("set layer", index);
    ++index;
  }
  if (upper_ && !set_layer("upperdir", opened.upper.get())) return failure("set layer", index);
  if (work_ && !set_layer("workdir", opened.work.get())) return failure("set layer", index + 1);
  for (const std::string& word : words_) {
    const size_t equals = word.find('=');
    const bool done = equals == std::string::npos ? set(kernel::kFsConfigSetFlag, word.c_str(), nullptr, 0)
                                                  : set(kernel::kFsConfigSetString, word.substr(0, equals).c_str(),
                                                        word.c_str() + equals + 1, 0);
    if (!done) return failure("set option", -1);
  }
  if (!set(kernel::kFsConfigCreate, nullptr, nullptr, 0)) return failure("create", -1);
  return {};
}

Outcome OverlayCall::MountByFsconfig(const Opened& opened) {
  const OwnedFd context(kernel::FsOpen("overlay", kernel::kFsOpenCloexec));
  if (!context) return Outcome::Failure(errno, "fsopen", "open context");
  const Outcome failure = Configure(context.get(), opened);
  if (failure.Failed()) return failure;
  const auto attributes = static_cast<unsigned>(attributes::FromFlags(flags_).set);
  const OwnedFd tree(kernel::FsMount(context.get(), kernel::kFsMountCloexec, attributes));
  if (!tree) return Outcome::Failure(errno, "fsmount", "mount");
  Outcome outcome = Attach(tree.get(), target_.c_str(), true);
  if (!outcome.Failed()) outcome.way = kFsconfig;
  return outcome;
}

Outcome OverlayCall::MountByDescriptors(const Opened& opened) {
  std::string data = "lowerdir=";
  for (size_t index = 0; index < opened.layers.size(); ++index) {
    if (index > 0) data += index < lower_.size() ? ":" : "::";
    data += std::to_string(opened.layers[index].get());
  }
  if (upper_) data += ",upperdir=" + std::to_string(opened.upper.get());
  if (work_) data += ",workdir=" + std::to_string(opened.work.get());
  for (const std::string& word : words_) data += "," + word;
  if (data.size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");

  const OwnedFd target(open(target_.c_str(), O_PATH | O_CLOEXEC));
  if (!target) return Outcome::Failure(errno, "open", "open target");
  if (const int error = directory.MoveTo("/proc/self/fd")) {
    return Outcome::Failure(error, error == EPERM ? "unshare" : "chdir", "working directory");
  }
  const std::string name = std::to_string(target.get());
  if (mount(source_.c_str(), name.c_str(), "overlay", flags_, data.c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  Outcome outcome;
  outcome.way = kDescriptors;
  // The descriptor stands for what is below the mount now: only the path leads to it.
  int error = directory.MoveBack();
  if (error == 0 && kernel::MountId(AT_FDCWD, target_.c_str(), 0, kernel::IdKind::kLasting, &outcome.mount_id) < 0) {
    error = errno;
  }
  if (error == 0) return outcome;
  outcome = Outcome::Failure(error, "statx", "identify");
  outcome.left = umount2(target_.c_str(), MNT_DETACH) < 0;
  return outcome;
}

// overlayfs that cannot use its work directory mounts read-only, says so in the kernel log alone and reports success
// (fs/overlayfs/super.c, ovl_get_workdir). Whoever gave an upper layer wants to write.
Outcome OverlayCall::Verify(Outcome outcome) const {
  if (outcome.Failed() || !writable_ || !IsReadOnly(outcome.mount_id, target_.c_str())) return outcome;
  Outcome failure = Outcome::Failure(EROFS, "mount", "verify");
  failure.left = umount2(target_.c_str(), 0) < 0;
  return failure;
}
