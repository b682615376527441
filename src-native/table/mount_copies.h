#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A mount as far as the question matters who keeps it busy: proc_pid_mountinfo(5).
struct MountTraits {
  uint64_t id = 0;
  uint64_t parent_id = 0;
  std::string device;  // "major:minor" of the filesystem
  std::string root;    // which directory of it is mounted; with the table's escapes
  std::string mount_point;
  std::string type;
  uint64_t shared = 0;  // the peer group it belongs to; 0: none
  uint64_t master = 0;  // the one it receives from
};

// The lines of a mount table; those that are not understood are left out.
std::vector<MountTraits> ReadTraits(std::string_view table);

// A mount of the same directory of the same filesystem.
struct MountCopy {
  const MountTraits* mount;
  // Whether umount(2) of the first takes this one down as well: what it is mounted on is in the peer group of what the
  // first is mounted on, or receives from it. The kernel then asks that neither be in use
  // (fs/pnode.c, propagate_mount_busy). Of a chain of slaves only the first is seen.
  bool goes_along;
};

// All mounts in a table, of any namespace, that are like `mount`, whose parent is in group `parent_group`; those with
// its own id left out.
std::vector<MountCopy> FindCopies(const std::vector<MountTraits>& table, const MountTraits& mount,
                                  uint64_t parent_group);

// The mount with this id; null when there is none.
const MountTraits* FindMount(const std::vector<MountTraits>& table, uint64_t id);
