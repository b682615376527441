#include "umount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "kernel.h"

namespace {

unsigned Following(unsigned long flags) { return flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0; }

bool IsRootOfProcess(const std::string& target, unsigned long flags) {
  uint64_t there = 0;
  uint64_t root = 0;
  return kernel::MountPointId(AT_FDCWD, target.c_str(), Following(flags), kernel::IdKind::kTable, &there) == 0 &&
         kernel::MountId(AT_FDCWD, "/", 0, kernel::IdKind::kTable, &root) == 0 && there != 0 && there == root;
}

std::string WhatLinkNames(const std::string& path) {
  char buffer[4096];
  const ssize_t length = readlink(path.c_str(), buffer, sizeof buffer);
  return std::string(buffer, length < 0 ? 0 : static_cast<size_t>(length));
}

}  // namespace

Outcome Unmount(const std::string& target, unsigned long flags) {
  // With one of these the kernel does no such thing.
  if ((flags & (MNT_DETACH | MNT_EXPIRE)) == 0 && IsRootOfProcess(target, flags)) {
    return Outcome::Failure(EBUSY, "umount2", "check root");
  }
  if (umount2(target.c_str(), static_cast<int>(flags)) == 0) return {};
  Outcome outcome = Outcome::Failure(errno, "umount2", "unmount");
  if (outcome.error == EINVAL && (flags & UMOUNT_NOFOLLOW) != 0) outcome.other = WhatLinkNames(target);
  return outcome;
}

Outcome CheckMountIs(uint64_t id, const std::string& target, unsigned long flags) {
  uint64_t found = 0;
  if (kernel::MountId(AT_FDCWD, target.c_str(), Following(flags), kernel::IdKind::kLasting, &found) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  if (found == id) return {};
  Outcome outcome = Outcome::Failure(EINVAL, "umount2", "identify");
  outcome.mount_id = found;
  return outcome;
}

void UmountCall::Read(Arguments& arguments) {
  arguments.Bytes("target", &target_).Flags("flags", &flags_).OptionalId("id", &id_);
}

bool UmountCall::IsRelative() const { return target_.empty() || target_[0] != '/'; }

Outcome UmountCall::Run() {
  if (id_) {
    // umount2 goes by path and cannot be told an id, so the two are as close together as they can be.
    const Outcome same = CheckMountIs(*id_, target_, flags_);
    if (same.Failed()) return same;
  }
  return Unmount(target_, flags_);
}
