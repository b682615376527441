#pragma once

#include <cstddef>
#include <cstdint>

// What statx(2) takes and gives, as in linux/stat.h and linux/fcntl.h, whose older versions have no stx_mnt_id.
namespace kernel {

constexpr unsigned kStatxType = 0x1;                   // STATX_TYPE
constexpr unsigned kStatxBasic = 0x7ff;                // STATX_BASIC_STATS
constexpr unsigned kStatxMountId = 0x1000;             // STATX_MNT_ID
constexpr unsigned kStatxMountIdUnique = 0x4000;       // STATX_MNT_ID_UNIQUE
constexpr uint64_t kStatxAttributeMountRoot = 0x2000;  // STATX_ATTR_MOUNT_ROOT
constexpr unsigned kAtNoAutomount = 0x800;             // AT_NO_AUTOMOUNT
constexpr unsigned kAtEmptyPath = 0x1000;              // AT_EMPTY_PATH
constexpr unsigned kAtStatxDontSync = 0x4000;          // AT_STATX_DONT_SYNC

struct StatxTimestamp {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t reserved;
};

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
  StatxTimestamp accessed, born, changed, modified;
  uint32_t special_major;
  uint32_t special_minor;
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t mount_id;
  uint64_t after[13];
};
static_assert(sizeof(Statx) == 256 && offsetof(Statx, mode) == 0x1c && offsetof(Statx, attributes_mask) == 0x38 &&
              offsetof(Statx, modified) == 0x70 && offsetof(Statx, mount_id) == 0x90);

}  // namespace kernel
