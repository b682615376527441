#include "umount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "kernel.h"

void UmountCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.Flags("flags", &flags_).OptionalId("id", &id_);
  ReadOperation(arguments);
}

Outcome UmountCall::Run() {
  std::string path;
  Outcome outcome = target_.Find();
  if (!outcome.Failed()) outcome = target_.PathAfter(&path);
  if (outcome.Failed()) return outcome;
  if (target_.empty_path_flag() != 0) flags_ |= UMOUNT_NOFOLLOW;
  target_.LetGo();
  if (id_) {
    // umount2 goes by path and cannot be told an id, so the two are as close together as they can be.
    const unsigned follow = flags_ & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
    uint64_t found = 0;
    if (kernel::MountId(AT_FDCWD, path.c_str(), follow, kernel::IdKind::kLasting, &found) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (found != *id_) {
      outcome = Outcome::Failure(EINVAL, "umount2", "identify");
      outcome.mount_id = found;
      return outcome;
    }
  }
  if (!ticket_.Commit()) return Cancelled();
  if (umount2(path.c_str(), static_cast<int>(flags_)) < 0) return Outcome::Failure(errno, "umount2", "unmount");
  return {};
}
