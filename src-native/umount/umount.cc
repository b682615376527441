#include "umount/umount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>

#include "kernel/path.h"
#include "kernel/procfs.h"

namespace {

unsigned Following(unsigned long flags) { return flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0; }

bool IsRootOfProcess(const std::string& target, unsigned long flags) {
  // The root's id as it was when it was first asked for, in this mount namespace: where the target has another, as
  // nearly always, one look is enough. That a process is given another root while it runs (pivot_root(2)) is not seen.
  static std::atomic<uint64_t> first_root{0};
  uint64_t there = 0;
  uint64_t root = procfs::IsElsewhere() ? 0 : first_root.load(std::memory_order_relaxed);
  if (kernel::MountPointId(AT_FDCWD, target.c_str(), Following(flags), kernel::IdKind::kMountinfo, &there) < 0 ||
      there == 0 || (root != 0 && there != root)) {
    return false;
  }
  if (kernel::MountId(AT_FDCWD, "/", 0, kernel::IdKind::kMountinfo, &root) < 0) return false;
  if (!procfs::IsElsewhere()) first_root.store(root, std::memory_order_relaxed);
  return there == root;
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
  return UnmountOther(target, flags);
}

Outcome UnmountOther(const std::string& target, unsigned long flags) {
  if (umount2(target.c_str(), static_cast<int>(flags)) == 0) return {};
  Outcome outcome = Outcome::Failure(errno, "umount2", "unmount");
  if (outcome.error == EINVAL && (flags & UMOUNT_NOFOLLOW) != 0) outcome.other = WhatLinkNames(target);
  return outcome;
}

Outcome AnotherMount(uint64_t found) {
  Outcome outcome = Outcome::Failure(EINVAL, "umount2", "identify");
  outcome.mount_id = found;
  return outcome;
}

Outcome CheckMountIs(uint64_t id, const std::string& target, unsigned long flags) {
  uint64_t found = 0;
  if (kernel::MountId(AT_FDCWD, target.c_str(), Following(flags), kernel::IdKind::kUnique, &found) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  return found == id ? Outcome{} : AnotherMount(found);
}

Outcome LocateMount(Target& target, const std::optional<uint64_t>& id, std::string* path, unsigned long* flags) {
  if (target.IsInRoot()) *flags |= UMOUNT_NOFOLLOW;
  return target.Locate(id, path);
}

void UmountCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.Flags("flags", &flags_).OptionalId("id", &id_);
  ReadOperation(arguments);
}

void UmountCall::ReadUsual(Arguments& arguments) {
  target_.ReadPath(arguments);
  arguments.Flags("flags", &flags_).OptionalId("id", &id_);
}

Outcome UmountCall::Run() {
  std::string path;
  Outcome outcome = LocateMount(target_, id_, &path, &flags_);
  // umount2 goes by path and cannot be told an id, so the two are as close together as they can be.
  if (!outcome.Failed() && id_) outcome = CheckMountIs(*id_, path, flags_);
  if (outcome.Failed()) return outcome;
  if (!cancellation_.Commit()) return Cancelled();
  if (!id_) return Unmount(path, flags_);
  // A mount that this library made is not the process's root.
  return UnmountOther(path, flags_);
}
