#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "attach.h"
#include "fs_context.h"
#include "kernel.h"
#include "mount_lines.h"
#include "operations.h"

void FilesystemCall::Read(Arguments& arguments) {
  arguments.OptionalBytes("source", &source_);
  target_.Read(arguments);
  arguments.Bytes("fsType", &type_)
      .BytesList("parameters", &parameters_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_);
  id_map_.Read(arguments);
  arguments.Boolean("detached", &detached_).Boolean("vacant", &vacant_);
  ReadOperation(arguments);
}

MountResult FilesystemCall::Run() {
  Outcome outcome = id_map_.Open();
  if (!outcome.Failed() && !detached_) outcome = target_.Find();
  if (!outcome.Failed() && vacant_ && target_.IsMountPoint()) {
    outcome = Outcome::Failure(EBUSY, "mount", "check target");
  }
  if (outcome.Failed()) return MountResult(outcome);
  MountResult result = data_ ? MountResult(MountByData()) : MountByParameters();
  if (!result.outcome.Failed()) target_.Keep();
  return result;
}

MountResult FilesystemCall::MountByParameters() {
  FsContext context = FsContext::Open(type_.c_str());
  if (source_) context.SetString("source", source_->c_str(), "set source");
  if (flags_ & MS_RDONLY) context.SetFlag("ro", "set ro");
  for (size_t at = 0; at < parameters_.size(); ++at) {
    context.SetWord(parameters_[at], "set parameter", static_cast<int>(at));
  }
  MountResult result;
  result.tree = context.Create().Mount(attributes::FromFlags(flags_).set);
  result.outcome = context.outcome();
  if (!result.outcome.Failed() && id_map_.fd() >= 0) {
    kernel::MountAttributes map;
    map.set = kernel::kMountAttrIdMap;
    map.userns_fd = static_cast<uint64_t>(id_map_.fd());
    if (kernel::MountSetAttributes(result.tree.get(), "", AT_EMPTY_PATH, map) < 0) {
      result.outcome = Outcome::Failure(errno, "mount_setattr", "map ids");
    }
  }
  if (result.outcome.Failed()) return MountResult(result.outcome);
  if (!detached_) {
    result.outcome = Attach(result.tree.get(), target_, ticket_);
    result.tree = OwnedFd();
  } else if (!ticket_.Commit()) {
    return MountResult(Cancelled());
  }
  if (!result.outcome.Failed()) result.outcome.way = 2;
  return result;
}

Outcome FilesystemCall::MountByData() {
  // By this way there is no mount without a place, and none whose ids can be mapped.
  if (detached_ || id_map_.fd() >= 0) return Outcome::Failure(ENOSYS, "fsopen", "open context");
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  const char* source = source_ ? source_->c_str() : nullptr;
  // Some filesystems take no empty option string.
  const char* data = data_->empty() ? nullptr : data_->c_str();
  if (mount(source, target_.PathBefore().c_str(), type_.c_str(), flags_, data) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  Outcome outcome = FinishMount(target_, ticket_);
  if (!outcome.Failed()) outcome.way = 1;
  return outcome;
}

void ReconfigureCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.BytesList("parameters", &parameters_).OptionalBytes("data", &data_).Bytes("mode", &mode_);
  ReadOperation(arguments);
}

Outcome ReconfigureCall::Run() {
  Outcome outcome = target_.Find();
  if (!outcome.Failed()) outcome = target_.Hold(ticket_);
  if (outcome.Failed()) return outcome;
  if (data_) return RunByData();
  const unsigned empty = target_.empty_path_flag() ? kernel::kFsPickEmptyPath : 0;
  FsContext context = FsContext::Pick(target_.at(), target_.path(), empty);
  if (!mode_.empty()) context.SetFlag(mode_.c_str(), "set mode");
  for (size_t at = 0; at < parameters_.size(); ++at) {
    context.SetWord(parameters_[at], "set parameter", static_cast<int>(at));
  }
  if (context.outcome().Failed()) return context.outcome();
  if (!ticket_.Commit()) return Cancelled();
  return context.Reconfigure().outcome();
}

Outcome ReconfigureCall::RunByData() {
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  const std::string path = target_.PathBefore();
  // The attributes of the mount are set to exactly the flags given, those of the filesystem as well: all are told
  // again.
  uint64_t id = 0;
  std::vector<MountLine> lines;
  std::string shown;
  if (kernel::MountId(AT_FDCWD, path.c_str(), 0, kernel::IdKind::kTable, &id) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (!ReadMountTree(id, &lines) || !ReadFilesystemOptions(id, &shown)) {
    return Outcome::Failure(errno, "read", "read the mount table");
  }
  const bool was_read_only = shown == "ro" || shown.compare(0, 3, "ro,") == 0;
  unsigned long flags = MS_REMOUNT | (lines[0].attribute_flags & attributes::kFlags & ~MS_RDONLY);
  if (mode_ == "ro" || (mode_.empty() && was_read_only)) flags |= MS_RDONLY;
  if (!ticket_.Commit()) return Cancelled();
  if (mount(nullptr, path.c_str(), nullptr, flags, data_->empty() ? nullptr : data_->c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "reconfigure");
  }
  return {};
}
