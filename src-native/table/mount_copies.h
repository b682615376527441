// Finds the copies of a mount in mount tables, to find out which copy keeps the mount busy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The fields of a line of proc_pid_mountinfo(5) that the search for copies needs.
struct MountTraits {
  uint64_t id = 0;
  uint64_t parent_id = 0;
  std::string device;  // The device number of the filesystem, "major:minor".
  std::string root;    // The mounted directory of the filesystem, not decoded.
  std::string mount_point;
  std::string type;
  uint64_t shared = 0;  // The peer group of the mount; 0 if it is not shared.
  uint64_t master = 0;  // The peer group whose events the mount receives; 0 if it is no slave.
};

// Parses the lines of a mount table, and skips lines that cannot be parsed.
std::vector<MountTraits> ReadTraits(std::string_view table);

// A copy is another mount of the same directory of the same filesystem.
struct MountCopy {
  const MountTraits* mount;
  // Whether umount(2) of the original mount also unmounts this copy, which is so if the parent mount of the copy is a
  // peer or slave of the parent mount of the original. The kernel then unmounts neither mount while one of the two is
  // in use (fs/pnode.c, propagate_mount_busy). The search does not recognise a slave of a slave.
  bool is_unmounted_too;
};

// Finds the copies of `mount` in the table of any mount namespace. `parent_group` is the peer group of the parent mount
// of `mount`, or 0. A mount with the mountinfo ID of `mount` is no copy.
std::vector<MountCopy> FindCopies(const std::vector<MountTraits>& table, const MountTraits& mount,
                                  uint64_t parent_group);

// Finds the mount with a mountinfo ID, or returns null.
const MountTraits* FindMount(const std::vector<MountTraits>& table, uint64_t id);
