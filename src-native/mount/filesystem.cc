// Mounts a filesystem by fsopen(2), or by mount(2) if the caller passes an option string.
#include "mount/filesystem.h"

#include <errno.h>
#include <sys/mount.h>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "kernel/fs_context.h"
#include "mount/attach.h"

void FilesystemCall::Read(Arguments& arguments) {
  arguments.OptionalBytes("source", &source_);
  target_.Read(arguments);
  arguments.Bytes("fsType", &type_)
      .BytesList("parameters", &parameters_)
      .Flags("flags", &flags_)
      .OptionalBytes("data", &data_);
  id_map_.Read(arguments);
  arguments.Boolean("detached", &detached_).Boolean("requireUnmounted", &require_unmounted_);
  ReadOperation(arguments);
}

MountResult FilesystemCall::Make() {
  Outcome outcome = id_map_.Open();
  if (!outcome.Failed() && !detached_) outcome = target_.LookUp();
  if (!outcome.Failed() && require_unmounted_) outcome = target_.RequireUnmounted();
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
  result.tree = context.Create().Mount(attributes::BitsOf(flags_));
  result.outcome = context.outcome();
  if (!result.outcome.Failed()) result.outcome = MapIds(result.tree.get(), id_map_.fd(), false);
  if (result.outcome.Failed()) return MountResult(result.outcome);
  if (!detached_) {
    result.outcome = Attach(result.tree.get(), target_, cancellation_);
    result.tree = OwnedFd();
  } else if (!cancellation_.Commit()) {
    return MountResult(Cancelled());
  }
  if (!result.outcome.Failed()) result.outcome.strategy = kParameters;
  return result;
}

Outcome FilesystemCall::MountByData() {
  // mount(2) can make neither a detached mount nor an idmapped mount.
  if (detached_ || id_map_.fd() >= 0) return Outcome::Failure(ENOSYS, "fsopen", "open context");
  if (data_->size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  const char* source = source_ ? source_->c_str() : nullptr;
  // Some filesystems answer EINVAL to an empty option string, but accept a null pointer.
  const char* data = data_->empty() ? nullptr : data_->c_str();
  if (mount(source, target_.FullPath().c_str(), type_.c_str(), flags_, data) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  OwnedFd mounted;
  Outcome outcome = FinishMount(target_, cancellation_, &mounted);
  if (!outcome.Failed()) outcome.strategy = kData;
  return outcome;
}
