// Questions about a path by statx(2): its mount ID, its file type, and whether it is a mount point.
#pragma once

#include <cstdint>

// None of these functions triggers an automount (AT_NO_AUTOMOUNT) or asks the server of a network filesystem
// (AT_STATX_DONT_SYNC). The functions that return int return -1 on failure and set errno. With AT_EMPTY_PATH in `flags`
// and an empty `path`, the question is about the file that the descriptor `directory` refers to.
namespace kernel {

enum class IdKind {
  kUnique,     // STATX_MNT_ID_UNIQUE (6.8): 64 bits, never reused. An older kernel returns the mountinfo ID instead.
  kMountinfo,  // STATX_MNT_ID (5.8): the mount ID of /proc/PID/mountinfo, which the kernel reuses.
};

// Unique mount IDs begin at this number, and mountinfo IDs end below it (fs/namespace.c, MNT_UNIQUE_ID_OFFSET).
constexpr uint64_t kFirstUniqueId = uint64_t{1} << 31;

// Finds the ID of the mount that contains the file at `path`.
int MountId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id);

// Finds the ID of the mount at `path` if `path` is a mount point; the ID is 0 if `path` is no mount point.
int MountPointId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id);

// Returns 1 if `path` is a mount point and 0 if not. Fails with ENOSYS before Linux 5.8, which does not report
// STATX_ATTR_MOUNT_ROOT.
int IsMountRoot(int directory, const char* path, unsigned flags);

// Returns true if `path` is a mount point, and false if it is not or if IsMountRoot fails.
bool IsMountPoint(int directory, const char* path, unsigned flags);

// Returns true if `path` is a directory, and false if it is not or if statx(2) fails.
bool IsDirectory(int directory, const char* path, unsigned flags);

struct Identity {
  uint32_t mode;
  uint64_t device;
  uint64_t inode;
  uint64_t special;    // The device number of a device file.
  uint64_t mount_id;   // The mountinfo ID.
  bool is_mount_root;  // Always false before Linux 5.8.
};

// Fills `identity` with the type, device, inode and mount of the file at `path`.
int Identify(int directory, const char* path, unsigned flags, Identity* identity);

}  // namespace kernel
