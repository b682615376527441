// The attributes of a mount, one row each: the word in mountinfo, the mount(2) flag and the MOUNT_ATTR_ bit.
#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <string_view>

// Attributes belong to one mount. The options of a filesystem are no attributes: all mounts of the filesystem share
// them.
namespace attributes {

// The MOUNT_ATTR_ bits that code refers to by name. Only the table below contains the other bits.
constexpr uint64_t kReadOnly = 0x1;       // MOUNT_ATTR_RDONLY
constexpr uint64_t kNoDev = 0x4;          // MOUNT_ATTR_NODEV
constexpr uint64_t kAtimeMask = 0x70;     // MOUNT_ATTR__ATIME, a field of three bits that holds one atime mode
constexpr uint64_t kIdMapped = 0x100000;  // MOUNT_ATTR_IDMAP, Linux 5.12

struct Attribute {
  std::string_view word;  // in field 6 of proc_pid_mountinfo(5); empty if the kernel prints no word for the attribute
  unsigned long flag;     // MS_*; 0 if mount(2) has no flag, so that only mount_setattr(2) can change the attribute
  uint64_t bit;           // MOUNT_ATTR_*, Linux 5.12
  uint64_t mask = bit;    // an attribute is set if `(bits & mask) == bit`
};

// The rows are in the order in which the kernel prints the words (fs/proc_namespace.c, show_mnt_opts). The order of the
// atime rows is also the order in which mount(2) picks one of several atime flags (fs/namespace.c, path_mount).
constexpr Attribute kAttributes[] = {
    {"ro", MS_RDONLY, kReadOnly},
    {"nosuid", MS_NOSUID, 0x2},
    {"nodev", MS_NODEV, kNoDev},
    {"noexec", MS_NOEXEC, 0x8},
    {"", MS_STRICTATIME, 0x20, kAtimeMask},
    {"noatime", MS_NOATIME, 0x10, kAtimeMask},
    {"nodiratime", MS_NODIRATIME, 0x80},
    {"relatime", MS_RELATIME, 0, kAtimeMask},
    {"nosymfollow", 256, 0x200000},  // MS_NOSYMFOLLOW (Linux 5.10), which some headers lack; the bit exists since 5.14
    {"idmapped", 0, kIdMapped},
};

// The mount(2) flags that set attributes.
constexpr unsigned long kFlags = [] {
  unsigned long flags = 0;
  for (const Attribute& row : kAttributes) flags |= row.flag;
  return flags;
}();

constexpr unsigned long kAtimeFlags = [] {
  unsigned long flags = 0;
  for (const Attribute& row : kAttributes) flags |= row.mask == kAtimeMask ? row.flag : 0;
  return flags;
}();

// The MOUNT_ATTR_ bits that mount(2) with MS_REMOUNT can set and clear. All other bits need mount_setattr(2).
constexpr uint64_t kBitsWithFlag = [] {
  uint64_t bits = 0;
  for (const Attribute& row : kAttributes) bits |= row.flag != 0 ? row.mask : 0;
  return bits;
}();

// Converts mount(2) flags to MOUNT_ATTR_ bits. If several atime flags are set, the flag in the earliest row of the
// table takes effect.
constexpr uint64_t BitsOf(unsigned long flags) {
  uint64_t bits = 0, decided = 0;
  for (const Attribute& row : kAttributes) {
    if ((flags & row.flag) == 0 || (decided & row.mask) != 0) continue;
    bits |= row.bit;
    decided |= row.mask;
  }
  return bits;
}

// Converts MOUNT_ATTR_ bits to mount(2) flags, always with one atime flag. Bits without a flag are left out: a caller
// that changes attributes first compares the change with kBitsWithFlag.
constexpr unsigned long FlagsOf(uint64_t bits) {
  unsigned long flags = 0;
  for (const Attribute& row : kAttributes) flags |= (bits & row.mask) == row.bit ? row.flag : 0;
  return flags;
}

static_assert(BitsOf(FlagsOf(kBitsWithFlag & ~kAtimeMask)) == (kBitsWithFlag & ~kAtimeMask));

}  // namespace attributes
