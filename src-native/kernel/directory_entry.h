#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What getdents64(2) writes into a buffer, one after the other: struct linux_dirent64.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char first[1];  // of the name

  static const DirectoryEntry* At(const char* buffer) { return reinterpret_cast<const DirectoryEntry*>(buffer); }
  // Ends with a NUL.
  std::string_view Name() const { return reinterpret_cast<const char*>(this) + offsetof(DirectoryEntry, first); }
};
