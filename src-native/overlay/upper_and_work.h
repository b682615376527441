#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// A directory, whatever its name.
struct Inode {
  uint64_t device;
  uint64_t number;

  bool operator==(const Inode&) const = default;
};

// The upper and the work directory of an overlay, by the options that the mount table has:
// ",lowerdir=...,upperdir=...", escapes and all. A name that can be read in two ways counts in both.
enum class FoundDirectories {
  kAll,
  kSome,        // there is a name that leads nowhere
  kCannotTell,  // with errno set: one could not be looked at
};
FoundDirectories FindUpperAndWork(std::string_view options, std::vector<Inode>* found);
