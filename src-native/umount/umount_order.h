#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "table/mount_lines.h"

// In which order mounts have to be taken down. Pure: it looks at a table and at nothing else.
//
// A table is read in parts, and ids are used again at once, so that two lines may each name the other as their parent:
// no line is taken twice. Who takes mounts down looks at each before, and at the table afterwards.

// A mount of the table and where its parent is in the same list; the parent comes later. The last has none.
struct OrderedMount {
  const MountLine* line;
  size_t parent;
};

// The lowest of the mounts that are stacked at the place of the mount with this id; null when there is no such mount.
const MountLine* BottomOfStack(const std::vector<MountLine>& table, uint64_t id);

// The mount with this id and all below it, each after what hides it:
//   - children before their parent;
//   - of the children of one mount first the one that covers it all, then by the length of the mount point, since one
//     at /a/b hides one that was mounted at /a/b/c before; otherwise the latest first.
// Depth is limited by memory only: thousands may be stacked at one place.
std::vector<OrderedMount> TreeInOrder(const std::vector<MountLine>& table, uint64_t bottom);

// Only those which are stacked at the place of the mount with this id, from the top down to it.
std::vector<OrderedMount> StackInOrder(const std::vector<MountLine>& table, uint64_t bottom);
