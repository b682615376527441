// The upper and work directories of the overlays that are mounted in this mount namespace.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// Identifies a directory independently of its path.
struct Inode {
  uint64_t device;
  uint64_t number;

  bool operator==(const Inode&) const = default;
};

enum class FoundDirectories {
  kAll,
  kSome,        // a directory in the options does not exist under its name
  kCannotTell,  // a directory could not be examined; errno is set
};

// Finds the upper and work directory of one overlay from its options in the mount table (",lowerdir=...,upperdir=..."),
// with the octal escapes of the table. A name whose backslashes may or may not be escapes is looked up in both
// readings.
FoundDirectories FindUpperAndWork(std::string_view options, std::vector<Inode>* found);

// Finds the upper and work directories of all overlays of this mount namespace, and remembers them, so that the next
// call does not read the whole mount table: listmount(2) reports the unique mount IDs, and only new mounts are examined
// by statmount(2). Needs Linux 6.11.
namespace known_overlays {

enum class Answer { kNo, kPerhaps, kCannotTell };

// Whether an overlay in this mount namespace uses one of these directories as its upper or work directory.
Answer AnyUses(const Inode& upper, const Inode& work);

}  // namespace known_overlays
