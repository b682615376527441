// Parses the lines of /proc/thread-self/mountinfo that the native calls need for mounts and unmounts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A MountLine contains fields 1, 2, 5 and 6 of proc_pid_mountinfo(5). The public functions parse the mount table in
// lib/table/mountinfo/.
struct MountLine {
  uint64_t id;
  uint64_t parent_id;
  std::string mount_point;
  uint64_t attributes;  // MOUNT_ATTR_* bits (kernel/attributes.h)
};

// Decodes a field of a line. The kernel writes space, tab, newline and backslash as \ooo (fs/proc_namespace.c, mangle).
std::string UnescapeField(std::string_view field);

// Returns the decoded mount point of a line.
std::string MountPointOf(std::string_view line);

// Reads the mounts of the calling thread's mount namespace that are reachable from its root directory. Returns false
// and sets errno on failure: EPROTO if a line cannot be parsed.
bool ReadMountTable(std::vector<MountLine>* lines);

// Reads the mount with the mountinfo ID `top` and all mounts below it, each parent before its children. Returns false
// and sets errno on failure: ENOENT if the table does not contain the mount, and EAGAIN if the table changed while it
// was read.
bool ReadMountTree(uint64_t top, std::vector<MountLine>* tree);

// Reads the filesystem options (field 11) of the mount with a mountinfo ID, for example "rw,lowerdir=...", and does not
// decode them. Returns false and sets errno on failure: ENOENT if the table does not contain the mount.
bool ReadFilesystemOptions(uint64_t id, std::string* options);
