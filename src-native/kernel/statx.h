// statx(2): its structures, flags and device numbers, for C libraries whose headers lack stx_mnt_id.
#pragma once

#include <cstddef>
#include <cstdint>

// linux/stat.h and linux/fcntl.h define these structures and flags.
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

// makedev(3), major(3) and minor(3) as constant expressions. glibc defines them as functions that musl lacks, and with
// -Os the compiler calls these functions instead of inlining them.
namespace device_number {

constexpr uint64_t Make(uint64_t major, uint64_t minor) {
  return (major & 0xfffff000) << 32 | (major & 0xfff) << 8 | (minor & 0xffffff00) << 12 | (minor & 0xff);
}

constexpr uint32_t Major(uint64_t device) {
  return static_cast<uint32_t>((device >> 32 & 0xfffff000) | (device >> 8 & 0xfff));
}

constexpr uint32_t Minor(uint64_t device) {
  return static_cast<uint32_t>((device >> 12 & 0xffffff00) | (device & 0xff));
}

static_assert(Major(Make(0x12345678, 0x9abcdef0)) == 0x12345678 && Minor(Make(0x12345678, 0x9abcdef0)) == 0x9abcdef0);
static_assert(Make(8, 1) == 0x801 && Make(0, 256) == 0x100000);

}  // namespace device_number
