// Reads the status of a file by statx(2), or by fstatat(2) where a sandbox refuses statx(2).
#include "kernel/file_status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/calls.h"
#include "kernel/statx.h"

namespace {

// On 32-bit architectures struct stat of musl contains the kernel's 32-bit times and musl's own 64-bit times. The raw
// system call fills only the kernel's times.
template <typename Stat>
const auto& ModifiedOf(const Stat& found) {
  if constexpr (requires { found.__st_mtim32; }) {
    return found.__st_mtim32;
  } else {
    return found.st_mtim;
  }
}

// Fills the status by fstatat(2), which reports no mount ID.
int ReadOldStatus(int directory, const char* name, unsigned flags, FileStatus* status) {
  struct stat found;
  if (kernel::Stat(directory, name, static_cast<int>(flags), &found) < 0) return -1;
  status->mode = found.st_mode;
  status->uid = found.st_uid;
  status->gid = found.st_gid;
  status->links = static_cast<uint32_t>(found.st_nlink);
  status->inode = found.st_ino;
  status->device = found.st_dev;
  status->special_major = device_number::Major(found.st_rdev);
  status->special_minor = device_number::Minor(found.st_rdev);
  status->size = static_cast<uint64_t>(found.st_size);
  status->modified_seconds = ModifiedOf(found).tv_sec;
  status->modified_nanoseconds = static_cast<uint32_t>(ModifiedOf(found).tv_nsec);
  status->mount_id = 0;
  return 0;
}

}  // namespace

int ReadStatus(int directory, const char* name, FileStatus* status) {
  kernel::Statx found;
  const unsigned flags = AT_SYMLINK_NOFOLLOW | kernel::kAtNoAutomount | (*name == 0 ? kernel::kAtEmptyPath : 0);
  if (syscall(SYS_statx, directory, name, flags, kernel::kStatxBasic | kernel::kStatxMountId, &found) < 0) {
    // An older seccomp profile refuses statx(2) with EPERM, which statx(2) itself never returns.
    return errno == ENOSYS || errno == EPERM ? ReadOldStatus(directory, name, flags, status) : -1;
  }
  status->mode = found.mode;
  status->uid = found.uid;
  status->gid = found.gid;
  status->links = found.links;
  status->inode = found.inode;
  status->device = device_number::Make(found.device_major, found.device_minor);
  status->special_major = found.special_major;
  status->special_minor = found.special_minor;
  status->size = found.size;
  status->modified_seconds = found.modified.seconds;
  status->modified_nanoseconds = found.modified.nanoseconds;
  status->mount_id = found.mask & kernel::kStatxMountId ? found.mount_id : 0;
  return 0;
}
