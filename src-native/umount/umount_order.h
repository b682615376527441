// The order in which to unmount the mounts of a tree or of a stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "table/mount_lines.h"

// The functions of this file work on a mount table in memory and make no system call. The table may be inconsistent:
// the kernel reports it in parts and reuses mount IDs at once, so two lines may each name the other as their parent. No
// function returns a line twice. The caller checks each mount before its unmount, and reads the table again afterwards.

// A mount, and the index of its parent in the same list. The parent comes later in the list; the last mount has no
// parent.
struct OrderedMount {
  const MountLine* line;
  size_t parent;
};

// Returns the lowest mount of the stack of mounts that the mount with this ID belongs to, or null if the table has no
// mount with this ID. The mounts of a stack have the same mount point, each on top of the one before.
const MountLine* BottomOfStack(const std::vector<MountLine>& table, uint64_t id);

// Returns the mount with this ID and all mounts below it. Each mount comes after every mount that hides it:
//   - children come before their parent;
//   - of the children of one mount, the child that covers the whole mount comes first, then the children by ascending
//     length of the mount point, because a mount at /a/b hides an earlier mount at /a/b/c;
//   - of children with the same length, the latest comes first.
// Memory alone limits the depth: thousands of mounts may be stacked at one mount point.
std::vector<OrderedMount> TreeInOrder(const std::vector<MountLine>& table, uint64_t bottom);

// Returns the mounts that are stacked on the mount with this ID, from the topmost mount down to that mount.
std::vector<OrderedMount> StackInOrder(const std::vector<MountLine>& table, uint64_t bottom);
