// Identifies files and mounts by statx(2).
#include "kernel/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/statx.h"

namespace kernel {
namespace {

long CallStatx(int directory, const char* path, unsigned flags, unsigned wanted, Statx* found) {
  return syscall(SYS_statx, directory, path, flags | kAtStatxDontSync | kAtNoAutomount, wanted, found);
}

}  // namespace

int MountId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id) {
  const unsigned wanted = kind == IdKind::kUnique ? kStatxMountIdUnique | kStatxMountId : kStatxMountId;
  Statx found;
  if (CallStatx(directory, path, flags, wanted, &found) < 0) return -1;
  if ((found.mask & (kStatxMountId | kStatxMountIdUnique)) == 0) {
    errno = ENOSYS;  // Linux before 5.8 reports no mount ID.
    return -1;
  }
  *id = found.mount_id;
  return 0;
}

int MountPointId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id) {
  const unsigned wanted = kind == IdKind::kUnique ? kStatxMountIdUnique | kStatxMountId : kStatxMountId;
  Statx found;
  if (CallStatx(directory, path, flags, wanted, &found) < 0) return -1;
  *id = (found.attributes & kStatxAttributeMountRoot) != 0 ? found.mount_id : 0;
  return 0;
}

int IsMountRoot(int directory, const char* path, unsigned flags) {
  Statx found;
  if (CallStatx(directory, path, flags, kStatxType, &found) < 0) return -1;
  if ((found.attributes_mask & kStatxAttributeMountRoot) == 0) {
    errno = ENOSYS;  // Linux before 5.8 does not know STATX_ATTR_MOUNT_ROOT.
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
  identity->special = device_number::Make(found.special_major, found.special_minor);
  identity->mount_id = found.mount_id;
  identity->is_mount_root = (found.attributes & kStatxAttributeMountRoot) != 0;
  return 0;
}

}  // namespace kernel
