// Calls umount2(2), with checks of the process's root and of the mount ID.
#include "umount/umount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>

#include "kernel/path.h"
#include "kernel/procfs.h"

namespace {

unsigned AtFlags(unsigned long flags) { return flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0; }

// Whether a mount is the one at "/", by mount IDs of one kind. The mount ID of "/" is read once, in the process's own
// mount namespace, so that most calls need no system call here. The cache does not notice a later pivot_root(2).
bool IsRootOfProcess(uint64_t mount, kernel::IdKind kind) {
  static std::atomic<uint64_t> cached[2];
  std::atomic<uint64_t>& first_root = cached[kind == kernel::IdKind::kUnique];
  uint64_t root = procfs::IsElsewhere() ? 0 : first_root.load(std::memory_order_relaxed);
  if (root != 0 && mount != root) return false;
  if (kernel::MountId(AT_FDCWD, "/", 0, kind, &root) < 0) return false;
  if (!procfs::IsElsewhere()) first_root.store(root, std::memory_order_relaxed);
  return mount == root;
}

bool IsRootOfProcess(const std::string& target, unsigned long flags) {
  uint64_t found = 0;
  const kernel::IdKind kind = kernel::IdKind::kMountinfo;
  return kernel::MountPointId(AT_FDCWD, target.c_str(), AtFlags(flags), kind, &found) == 0 && found != 0 &&
         IsRootOfProcess(found, kind);
}

std::string LinkText(const std::string& path) {
  char buffer[4096];
  const ssize_t length = readlink(path.c_str(), buffer, sizeof buffer);
  return std::string(buffer, length < 0 ? 0 : static_cast<size_t>(length));
}

}  // namespace

Outcome Unmount(const std::string& target, unsigned long flags, const std::optional<uint64_t>& id) {
  // With MNT_DETACH or MNT_EXPIRE the kernel does not remount the root read-only.
  if ((flags & (MNT_DETACH | MNT_EXPIRE)) == 0 &&
      (id ? IsRootOfProcess(*id, kernel::IdKind::kUnique) : IsRootOfProcess(target, flags))) {
    return Outcome::Failure(EBUSY, "umount2", "check root");
  }
  if (umount2(target.c_str(), static_cast<int>(flags)) == 0) return {};
  Outcome outcome = Outcome::Failure(errno, "umount2", "unmount");
  if (outcome.error == EINVAL && (flags & UMOUNT_NOFOLLOW) != 0) outcome.other = LinkText(target);
  return outcome;
}

Outcome MountMismatch(uint64_t found) {
  Outcome outcome = Outcome::Failure(EINVAL, "umount2", "identify");
  outcome.mount_id = found;
  return outcome;
}

Outcome CheckMountId(uint64_t id, const std::string& target, unsigned long flags) {
  uint64_t found = 0;
  if (kernel::MountId(AT_FDCWD, target.c_str(), AtFlags(flags), kernel::IdKind::kUnique, &found) < 0) {
    return Outcome::Failure(errno, "statx", "identify");
  }
  return found == id ? Outcome{} : MountMismatch(found);
}

Outcome LocateMount(Target& target, const std::optional<uint64_t>& id, std::string* path, unsigned long* flags) {
  if (target.IsInRoot()) *flags |= UMOUNT_NOFOLLOW;
  return target.LocateMounted(id, path);
}

void UmountCall::Read(Arguments& arguments) {
  target_.Read(arguments);
  arguments.Flags("flags", &flags_).OptionalId("id", &id_);
  ReadOperation(arguments);
}

Outcome UmountCall::Run() {
  std::string path;
  Outcome outcome = LocateMount(target_, id_, &path, &flags_);
  // umount2(2) takes a path and no mount ID, so the check comes immediately before the unmount.
  if (!outcome.Failed() && id_) outcome = CheckMountId(*id_, path, flags_);
  if (outcome.Failed()) return outcome;
  if (!cancellation_.Commit()) return Cancelled();
  return Unmount(path, flags_, id_);
}
