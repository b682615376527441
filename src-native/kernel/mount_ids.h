#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// What listmount(2) and statmount(2) tell of mounts by their ids, those that are never used again; both came in 6.8.
// The calls are made by number, as kernel/calls.h says, and fail as it says.
namespace kernel {

// The id of the mount namespace that a descriptor of /proc/PID/ns/mnt stands for; 6.11.
int MountNamespaceId(int fd, uint64_t* id);

// The ids of all mounts of a mount namespace, ascending, or of those below one. The namespace is one that
// MountNamespaceId told, or 0 for the calling thread's.
constexpr uint64_t kAllMounts = ~uint64_t{0};  // LSMT_ROOT
int ListMounts(std::vector<uint64_t>* ids, uint64_t mount_namespace = 0, uint64_t below = kAllMounts);

struct MountStatus {  // struct statmount; a string is told by where it begins in `text`
  uint32_t size;
  uint32_t options;  // string; with kStatMountOptions
  uint64_t mask;     // what is known of what was asked for; a string that is empty is not
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t magic;  // of the filesystem, as statfs(2) has it; with kStatMountFilesystem
  uint32_t filesystem_flags;
  uint32_t type;  // string
  uint64_t id;
  uint64_t parent_id;
  uint32_t mountinfo_id;
  uint32_t parent_mountinfo_id;
  uint64_t attributes;   // MOUNT_ATTR_*
  uint64_t propagation;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE
  uint64_t peer_group;
  uint64_t master;
  uint64_t propagate_from;
  uint32_t root;         // string
  uint32_t mount_point;  // string
  uint64_t namespace_id;
  uint32_t subtype;  // string
  uint32_t source;   // string
  uint64_t more[48];
  char text[];
};
constexpr uint64_t kStatMountFilesystem = 0x1;     // STATMOUNT_SB_BASIC, 6.8
constexpr uint64_t kStatMountMount = 0x2;          // STATMOUNT_MNT_BASIC, 6.8
constexpr uint64_t kStatMountPropagateFrom = 0x4;  // STATMOUNT_PROPAGATE_FROM, 6.8
constexpr uint64_t kStatMountRoot = 0x8;           // STATMOUNT_MNT_ROOT, 6.8
constexpr uint64_t kStatMountPoint = 0x10;         // STATMOUNT_MNT_POINT, 6.8
constexpr uint64_t kStatMountType = 0x20;          // STATMOUNT_FS_TYPE, 6.8
constexpr uint64_t kStatMountOptions = 0x80;       // STATMOUNT_MNT_OPTS, 6.11
constexpr uint64_t kStatMountSubtype = 0x100;      // STATMOUNT_FS_SUBTYPE, 6.13
constexpr uint64_t kStatMountSource = 0x200;       // STATMOUNT_SB_SOURCE, 6.13

// What the kernel knows of the mount with this id; EOVERFLOW when `size` bytes are too few. 6.8.
int StatMount(uint64_t id, uint64_t wanted, MountStatus* status, size_t size, uint64_t mount_namespace = 0);

}  // namespace kernel
