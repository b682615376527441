#pragma once

#include <cstdint>

// makedev(3), major(3) and minor(3), constant expressions here: in glibc they are functions, which musl lacks and which
// are called instead of inlined when the compiler is to make something small.
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
