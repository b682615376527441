#include "file_status.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "device_number.h"
#include "kernel.h"

namespace {

constexpr unsigned kBasic = 0x7ff;          // STATX_BASIC_STATS
constexpr unsigned kMountId = 0x1000;       // STATX_MNT_ID
constexpr unsigned kAtNoAutomount = 0x800;  // AT_NO_AUTOMOUNT
constexpr unsigned kAtEmptyPath = 0x1000;   // AT_EMPTY_PATH
constexpr int64_t kSecond = 1'000'000'000;

struct Timestamp {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t reserved;
};

// struct statx of linux/stat.h.
struct Statx {
  uint32_t mask;
  uint32_t block_size;
  uint64_t attributes;
  uint32_t links;
  uint32_t uid;
  uint32_t gid;
  uint16_t mode;
  uint16_t spare;
  uint64_t inode;
  uint64_t size;
  uint64_t blocks;
  uint64_t attributes_mask;
  Timestamp accessed, born, changed, modified;
  uint32_t special_major;
  uint32_t special_minor;
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t mount_id;
  uint64_t after[13];
};
static_assert(sizeof(Statx) == 256 && offsetof(Statx, mode) == 0x1c && offsetof(Statx, modified) == 0x70 &&
              offsetof(Statx, mount_id) == 0x90);

// The same without the mount's id.
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
  status->modified = found.st_mtim.tv_sec * kSecond + found.st_mtim.tv_nsec;
  status->mount_id = 0;
  return 0;
}

}  // namespace

int ReadStatus(int directory, const char* name, FileStatus* status) {
  Statx found;
  const unsigned flags = AT_SYMLINK_NOFOLLOW | kAtNoAutomount | (*name == 0 ? kAtEmptyPath : 0);
  if (syscall(SYS_statx, directory, name, flags, kBasic | kMountId, &found) < 0) {
    // Not there for a sandbox that knows no better: EPERM of statx(2) itself does not exist.
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
  status->modified = found.modified.seconds * kSecond + found.modified.nanoseconds;
  status->mount_id = found.mask & kMountId ? found.mount_id : 0;
  return 0;
}
