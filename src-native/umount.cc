#include "umount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "kernel.h"

void UmountCall::Read(Arguments& arguments) {
  arguments.Bytes("target", &target_).Flags("flags", &flags_).OptionalId("id", &id_);
}

bool UmountCall::IsRelative() const { return target_.empty() || target_[0] != '/'; }

Outcome UmountCall::Run() {
  if (id_) {
    // umount2 goes by path and cannot be told an id, so the two are as close together as they can be.
    const unsigned follow = flags_ & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
    uint64_t found = 0;
    if (kernel::MountId(AT_FDCWD, target_.c_str(), follow, kernel::IdKind::kLasting, &found) < 0) {
      return Outcome::Failure(errno, "statx", "identify");
    }
    if (found != *id_) {
      Outcome outcome = Outcome::Failure(EINVAL, "umount2", "identify");
      outcome.mount_id = found;
      return outcome;
    }
  }
  if (umount2(target_.c_str(), static_cast<int>(flags_)) < 0) return Outcome::Failure(errno, "umount2", "unmount");
  return {};
}
