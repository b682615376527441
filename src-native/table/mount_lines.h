#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the fallback of mount/bind.cc needs of the mount table: proc_pid_mountinfo(5), fields 1, 2, 5 and 6. The table
// as users see it is read in lib/.
struct MountLine {
  uint64_t id;
  uint64_t parent_id;
  std::string mount_point;
  unsigned long attribute_flags;  // as MS_RDONLY, MS_NOSUID ...
};

// A field of the table without its escapes: space, tab, newline and backslash are \\ooo (fs/proc_namespace.c, mangle).
std::string UnescapeField(std::string_view field);

// The mount point of a line of the table.
std::string MountPointOf(std::string_view line);

// All mounts of the calling thread's namespace that can be reached from its root. False with errno set when the table
// cannot be read or is not understood.
bool ReadMountTable(std::vector<MountLine>* lines);

// The mount with this id (as in the table) and all mounts below it, itself first, parents before children. False with
// errno set when the table cannot be read, does not have it, or is not understood.
bool ReadMountTree(uint64_t top, std::vector<MountLine>* tree);

// What the table says of the filesystem of the mount with this id: "rw,lowerdir=..." as it stands there, escapes and
// all. False with errno set, as above.
bool ReadFilesystemOptions(uint64_t id, std::string* options);
