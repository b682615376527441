#pragma once

#include <sys/stat.h>

#include <cstdint>

// What statx(2) tells of a name, which is never followed and never triggers an automount. The C library's stat(2) has
// no id of the mount, and its symbols are too new for a binary that is to run everywhere.
struct FileStatus {
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t links = 0;
  uint64_t inode = 0;
  uint64_t device = 0;
  uint32_t special_major = 0;  // of a device
  uint32_t special_minor = 0;
  uint64_t size = 0;
  int64_t modified_seconds = 0;  // since 1970
  uint32_t modified_nanoseconds = 0;
  uint64_t mount_id = 0;  // as in the mount table; 0 before Linux 5.8

  bool IsDirectory() const { return S_ISDIR(mode); }
  bool IsRegular() const { return S_ISREG(mode); }
  bool IsAsOld(const FileStatus& other) const {
    return modified_seconds == other.modified_seconds && modified_nanoseconds == other.modified_nanoseconds;
  }
  bool IsSameFile(const FileStatus& other) const { return inode == other.inode && device == other.device; }
  // What overlayfs takes for a whiteout, besides those by extended attribute: ovl_is_whiteout, fs/overlayfs/util.c.
  bool IsWhiteoutDevice() const { return S_ISCHR(mode) && special_major == 0 && special_minor == 0; }
};

// "" is what the descriptor stands for. Returns -1 and sets errno.
int ReadStatus(int directory, const char* name, FileStatus* status);
