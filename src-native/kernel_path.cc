#include "kernel_path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "device_number.h"

namespace kernel {
namespace {

constexpr unsigned kStatxBasic = 0x7ff;                // STATX_BASIC_STATS
constexpr unsigned kStatxType = 0x1;                   // STATX_TYPE
constexpr unsigned kStatxMountId = 0x1000;             // STATX_MNT_ID
constexpr unsigned kStatxMountIdUnique = 0x4000;       // STATX_MNT_ID_UNIQUE
constexpr uint64_t kStatxAttributeMountRoot = 0x2000;  // STATX_ATTR_MOUNT_ROOT
constexpr unsigned kAtStatxDontSync = 0x4000;          // AT_STATX_DONT_SYNC
constexpr unsigned kAtNoAutomount = 0x800;             // AT_NO_AUTOMOUNT

// struct statx of linux/stat.h, whose older versions have no stx_mnt_id: only what is read here has a name.
struct Statx {
  uint32_t mask;
  uint32_t block_size;
  uint64_t attributes;
  uint32_t before_mode[3];
  uint16_t mode;
  uint16_t spare;
  uint64_t inode;
  uint64_t length;
  uint64_t blocks;
  uint64_t attributes_mask;
  uint32_t before_device[18];
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t mount_id;
  uint64_t after[13];
};
static_assert(sizeof(Statx) == 256 && offsetof(Statx, mode) == 0x1c && offsetof(Statx, attributes_mask) == 0x38 &&
              offsetof(Statx, mount_id) == 0x90);

long CallStatx(int directory, const char* path, unsigned flags, unsigned wanted, Statx* found) {
  return syscall(SYS_statx, directory, path, flags | kAtStatxDontSync | kAtNoAutomount, wanted, found);
}

}  // namespace

int MountId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id) {
  const unsigned wanted = kind == IdKind::kLasting ? kStatxMountIdUnique | kStatxMountId : kStatxMountId;
  Statx found;
  if (CallStatx(directory, path, flags, wanted, &found) < 0) return -1;
  if ((found.mask & (kStatxMountId | kStatxMountIdUnique)) == 0) {
    errno = ENOSYS;  // before 5.8
    return -1;
  }
  *id = found.mount_id;
  return 0;
}

int MountPointId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id) {
  const unsigned wanted = kind == IdKind::kLasting ? kStatxMountIdUnique | kStatxMountId : kStatxMountId;
  Statx found;
  if (CallStatx(directory, path, flags, wanted, &found) < 0) return -1;
  *id = (found.attributes & kStatxAttributeMountRoot) != 0 ? found.mount_id : 0;
  return 0;
}

int IsMountRoot(int directory, const char* path, unsigned flags) {
  Statx found;
  if (CallStatx(directory, path, flags, kStatxType, &found) < 0) return -1;
  if ((found.attributes_mask & kStatxAttributeMountRoot) == 0) {
    errno = ENOSYS;  // before 5.8
    return -1;
  }
  return (found.attributes & kStatxAttributeMountRoot) != 0;
}

bool IsMountPoint(int directory, const char* path, unsigned flags) { return IsMountRoot(directory, path, flags) == 1; }

bool IsDirectory(int directory, const char* path, unsigned flags) {
  Statx found;
  return CallStatx(directory, path, flags, kStatxType, &found) == 0 && S_ISDIR(found.mode);
}

int Identify(int directory, const char* path, unsigned flags, Identity* identity) {
  Statx found;
  if (CallStatx(directory, path, flags, kStatxBasic | kStatxMountId, &found) < 0) return -1;
  identity->mode = found.mode;
  identity->device = device_number::Make(found.device_major, found.device_minor);
  identity->inode = found.inode;
  identity->mount_id = found.mount_id;
  identity->is_mount_root = (found.attributes & kStatxAttributeMountRoot) != 0;
  return 0;
}

}  // namespace kernel
