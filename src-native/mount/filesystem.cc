#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "kernel/calls.h"
#include "kernel/fs_context.h"
#include "mount/attach.h"
#include "mount/operations.h"

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

MountResult FilesystemCall::Make() {
  Outcome outcome = id_map_.Open();
  if (!outcome.Failed() && !detached_) outcome = target_.Find();
  if (!outcome.Failed() && vacant_) outcome = target_.CheckVacant();
  if (outcome.Failed()) return MountResult(outcome);
  return data_ ? MountResult(MountByData()) : MountByParameters();
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
    result.outcome = Attach(result.tree.get(), target_, cancellation_);
    result.tree = OwnedFd();
  } else if (!cancellation_.Commit()) {
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
  OwnedFd mounted;
  Outcome outcome = FinishMount(target_, cancellation_, &mounted);
  if (!outcome.Failed()) outcome.way = 1;
  return outcome;
}
