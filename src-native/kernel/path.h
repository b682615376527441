#pragma once

#include <cstdint>

// What statx(2) tells of the place that a path leads to, and of the mount it is on. It is called by number, as
// kernel/calls.h says, asks no server, and mounts nothing that waits to be mounted. Each returns -1 and sets errno on
// failure.
namespace kernel {

enum class IdKind {
  kUnique,     // STATX_MNT_ID_UNIQUE (6.8): 64 bits, never reused; before 6.8 the kernel fills in the mountinfo ID
  kMountinfo,  // STATX_MNT_ID (5.8): the mount ID of /proc/PID/mountinfo, which the kernel reuses
};

// Unique mount IDs begin at this number, and mountinfo IDs end below it (fs/namespace.c, MNT_UNIQUE_ID_OFFSET).
constexpr uint64_t kFirstUniqueId = uint64_t{1} << 31;

// The id of the mount that `path` leads to (with AT_EMPTY_PATH in `flags`: that `directory` is on).
int MountId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id);

// The id of the mount whose topmost directory `path` leads to, by the same call; 0 where `path` is no mount point.
int MountPointId(int directory, const char* path, unsigned flags, IdKind kind, uint64_t* id);

// Whether something is mounted at `path`, by the same call: 1 or 0, or -1 with errno set, ENOSYS where the kernel does
// not tell (before 5.8).
int IsMountRoot(int directory, const char* path, unsigned flags);

// The same; false where that cannot be told.
bool IsMountPoint(int directory, const char* path, unsigned flags);

// Whether `path` leads to a directory, by the same call.
bool IsDirectory(int directory, const char* path, unsigned flags);

struct Identity {
  uint32_t mode;
  uint64_t device;
  uint64_t inode;
  uint64_t special;    // of a device file the device that it stands for
  uint64_t mount_id;   // as in the mount table
  bool is_mount_root;  // false where that cannot be told (before 5.8)
};

// What `path` leads to (with AT_EMPTY_PATH in `flags`: what `directory` stands for), by the same call.
int Identify(int directory, const char* path, unsigned flags, Identity* identity);

}  // namespace kernel
