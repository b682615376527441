// Wrappers for system calls that the C library may be too old to wrap, and the constants that these calls take.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct stat;

// Each wrapper makes its system call by number, returns -1 on failure and sets errno, as the C library does. The
// constants are repeated because the kernel headers of a build machine may lack them: the headers of Debian 12, for
// example, have no STATX_MNT_ID_UNIQUE.
namespace kernel {

// linux/mount.h
constexpr unsigned kOpenTreeClone = 1;            // OPEN_TREE_CLONE (Linux 5.2)
constexpr unsigned kOpenTreeCloexec = 02000000;   // OPEN_TREE_CLOEXEC, the same bit as O_CLOEXEC
constexpr unsigned kMoveMountFromEmptyPath = 4;   // MOVE_MOUNT_F_EMPTY_PATH (Linux 5.2)
constexpr unsigned kMoveMountToSymlinks = 0x10;   // MOVE_MOUNT_T_SYMLINKS (Linux 5.2)
constexpr unsigned kMoveMountToEmptyPath = 0x40;  // MOVE_MOUNT_T_EMPTY_PATH (Linux 5.2)
constexpr unsigned kMoveMountBeneath = 0x200;     // MOVE_MOUNT_BENEATH (Linux 6.5)

constexpr unsigned kFsOpenCloexec = 1;    // FSOPEN_CLOEXEC, 5.2
constexpr unsigned kFsMountCloexec = 1;   // FSMOUNT_CLOEXEC, 5.2
constexpr unsigned kFsConfigSetFlag = 0;  // FSCONFIG_*, 5.2
constexpr unsigned kFsConfigSetString = 1;
constexpr unsigned kFsConfigSetFd = 5;
constexpr unsigned kFsConfigCreate = 6;
constexpr unsigned kFsConfigReconfigure = 7;
constexpr unsigned kFsPickCloexec = 1;  // FSPICK_*, 5.2
constexpr unsigned kFsPickEmptyPath = 8;

// linux/openat2.h, 5.6
constexpr uint64_t kResolveNoXdev = 0x1;
constexpr uint64_t kResolveNoMagicLinks = 0x2;
constexpr uint64_t kResolveNoSymlinks = 0x4;
constexpr uint64_t kResolveInRoot = 0x10;

// linux/fcntl.h
constexpr unsigned kAtRecursive = 0x8000;  // AT_RECURSIVE, 5.2

// linux/mount.h
constexpr unsigned long kMsLazyTime = 1 << 25;  // MS_LAZYTIME (Linux 4.0), which glibc defines since 2.38

struct MountAttributes {  // struct mount_attr
  uint64_t set = 0;
  uint64_t clear = 0;
  uint64_t propagation = 0;
  uint64_t userns_fd = 0;
};

int OpenTree(int directory, const char* path, unsigned flags);
int MountSetAttributes(int directory, const char* path, unsigned flags, const MountAttributes& attributes);
int FsOpen(const char* type, unsigned flags);
int FsConfig(int context, unsigned command, const char* key, const char* value, int aux);
int FsPick(int directory, const char* path, unsigned flags);
int FsMount(int context, unsigned flags, unsigned attributes);
int MoveMount(int from, const char* from_path, int to, const char* to_path, unsigned flags);

// Sets the propagation type of the mount at `path`, and with `recursive` of every mount below it: mount(2) with
// MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE.
int SetPropagation(const char* path, unsigned long type, bool recursive);

// Calls fstatat(2), and accepts AT_EMPTY_PATH. The C library's own function is not used, because glibc exports the
// functions of the stat family only since 2.33, so a binary that calls them loads on no older glibc. On 32-bit
// architectures the kernel may write the times to fields that the C library does not use: see kernel/file_status.cc.
int Stat(int directory, const char* path, int flags, struct stat* found);

// Duplicates a descriptor: fcntl(2) with F_DUPFD_CLOEXEC. The C library's fcntl is not used. A program that is compiled
// for large files calls glibc's function (2.28) by the name fcntl64, which musl lacks.
int Duplicate(int fd);

int OpenAt2(int directory, const char* path, uint64_t flags, uint64_t resolve);

// Reads all messages that the kernel has written to a filesystem context, one message per line.
std::string ReadLog(int context);

// HasTreeCopies reports whether open_tree(2) and move_mount(2) can be called (5.2), and HasTreeChanges reports whether
// mount_setattr(2) can be called (5.12). A sandbox may refuse each of them with ENOSYS, or with EPERM under an older
// seccomp profile.
bool HasTreeCopies();
bool HasTreeChanges();

// Reports whether move_mount(2) can be called, which attaches the detached mount that fsmount(2) returns.
bool HasMoveMount();

// Reports whether move_mount(2) can attach a mount beneath another mount (6.5).
bool CanMoveBeneath();

// Returns 0 if fspick(2) and fsconfig(2) can reconfigure a filesystem. Returns the errno of the kernel or of the
// seccomp filter if one of these calls is missing or refused.
int FsPickError();

// These two functions read the extended attributes of a name in an open directory, and do not follow a symbolic link:
// listxattrat(2) and getxattrat(2), 6.13.
ssize_t ListAttributes(int directory, const char* name, char* list, size_t size);
ssize_t GetAttribute(int directory, const char* name, const char* attribute, char* value, size_t size);

// Reports whether listxattrat(2) and getxattrat(2) can be called.
bool HasAttributesAt();

size_t PageSize();

}  // namespace kernel

// DirectoryEntry is one of the records that getdents64(2) writes into a buffer: struct linux_dirent64.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char first[1];  // The first byte of the name.

  static const DirectoryEntry* At(const char* buffer) { return reinterpret_cast<const DirectoryEntry*>(buffer); }
  // The name is followed by a NUL in the buffer.
  std::string_view Name() const { return reinterpret_cast<const char*>(this) + offsetof(DirectoryEntry, first); }
};
