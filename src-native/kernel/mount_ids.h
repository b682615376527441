// Queries mounts by unique mount ID: listmount(2), statmount(2), and the ID of a mount namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Linux 6.8 added listmount(2), statmount(2) and the unique mount ID, which the kernel never reuses. As in
// kernel/calls.h, the functions make their system call by number, return -1 on failure and set errno.
namespace kernel {

// Returns the ID of a mount namespace, given an open file of /proc/PID/ns/mnt: ioctl_ns(2), NS_GET_MNTNS_ID, 6.11.
int MountNamespaceId(int fd, uint64_t* id);

// Lists the unique mount IDs of a mount namespace in ascending order, or only those below one mount. The namespace is
// an ID from MountNamespaceId, or 0 for the calling thread's mount namespace.
constexpr uint64_t kAllMounts = ~uint64_t{0};  // LSMT_ROOT
int ListMounts(std::vector<uint64_t>* ids, uint64_t mount_namespace = 0, uint64_t below = kAllMounts);

// struct statmount. A field that is marked as a string contains the offset of the string in `text`.
struct MountStatus {
  uint32_t size;
  uint32_t options;  // string
  uint64_t mask;     // The kStatMount* bits of the fields that the kernel has set; an empty string has no bit.
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t magic;  // The filesystem type as in statfs(2), f_type.
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

// Reports the `wanted` fields (kStatMount*) of a mount by its unique mount ID. Fails with EOVERFLOW if the answer is
// longer than `size` bytes.
int StatMount(uint64_t id, uint64_t wanted, MountStatus* status, size_t size, uint64_t mount_namespace = 0);

}  // namespace kernel
