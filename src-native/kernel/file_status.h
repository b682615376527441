// FileStatus: the statx(2) fields of a file that the layer functions need, without following symbolic links.
#pragma once

#include <sys/stat.h>

#include <cstdint>

// fstatat(2) of the C library does not suffice: struct stat has no mount ID, and glibc exports fstatat only since 2.33,
// so a binary that calls it does not load on older systems.
struct FileStatus {
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t links = 0;
  uint64_t inode = 0;
  uint64_t device = 0;
  uint32_t special_major = 0;  // The device number of a device file.
  uint32_t special_minor = 0;
  uint64_t size = 0;
  int64_t modified_seconds = 0;  // Seconds since 1970.
  uint32_t modified_nanoseconds = 0;
  uint64_t mount_id = 0;  // The mountinfo ID; 0 before Linux 5.8.

  bool IsDirectory() const { return S_ISDIR(mode); }
  bool IsRegular() const { return S_ISREG(mode); }
  bool IsAsOld(const FileStatus& other) const {
    return modified_seconds == other.modified_seconds && modified_nanoseconds == other.modified_nanoseconds;
  }
  bool IsSameFile(const FileStatus& other) const { return inode == other.inode && device == other.device; }
  // overlayfs treats this device file as a whiteout (fs/overlayfs/util.c, ovl_is_whiteout). This function does not
  // recognise whiteouts that an extended attribute marks.
  bool IsWhiteoutDevice() const { return S_ISCHR(mode) && special_major == 0 && special_minor == 0; }
};

// Reads the status of a name in a directory, or of the directory itself if `name` is "". The function triggers no
// automount. Returns -1 and sets errno on failure.
int ReadStatus(int directory, const char* name, FileStatus* status);
