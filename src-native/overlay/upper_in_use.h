// Detects that an upper or work directory is in use by another overlay.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/owned_fd.h"

struct Outcome;  // A forward declaration, because test/hunts/fuzz compiles this header without Node-API.

// Prevents a second overlay on the same upper or work directory. Without "index=on" the kernel allows such a mount with
// only a line in its log, and the behaviour of both overlays is then undefined
// (Documentation/filesystems/overlayfs.rst).
//
// Claim locks the upper directory and looks in the mount table for an overlay that uses one of the directories. The
// object holds the lock until the new mount is made, so that of two concurrent mounts the second one finds the first.
//
// Two kinds of overlays are not found: overlays in other mount namespaces, and overlays whose options contain
// descriptor numbers instead of paths (the strategy "descriptors", on kernels before 6.7).
class UpperInUse {
 public:
  // Fails with EBUSY if an overlay uses one of the directories; Outcome::other is the mount point of that overlay.
  // Claim also fails if it cannot examine the mounts, for example because the process has no descriptor left.
  Outcome Claim(const char* upper, const char* work);

 private:
  OwnedFd lock_;
};

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
// by statmount(2). The functions in known_overlays need Linux 6.11.
namespace known_overlays {

enum class Answer { kNo, kPerhaps, kCannotTell };

// Whether an overlay in this mount namespace uses one of these directories as its upper or work directory.
Answer AnyUses(const Inode& upper, const Inode& work);

}  // namespace known_overlays
