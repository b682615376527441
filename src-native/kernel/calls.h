#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

// The kernel's calls that the C library may be too old to wrap, by number, with the constants they take. Debian 12's
// headers, for one, lack STATX_MNT_ID_UNIQUE. Each wrapper returns -1 and sets errno, as the C library's do.
struct stat;

namespace kernel {

// linux/mount.h
constexpr unsigned kOpenTreeClone = 1;            // OPEN_TREE_CLONE, 5.2
constexpr unsigned kOpenTreeCloexec = 02000000;   // OPEN_TREE_CLOEXEC, O_CLOEXEC
constexpr unsigned kMoveMountFromEmptyPath = 4;   // MOVE_MOUNT_F_EMPTY_PATH, 5.2
constexpr unsigned kMoveMountToSymlinks = 0x10;   // MOVE_MOUNT_T_SYMLINKS, 5.2
constexpr unsigned kMoveMountToEmptyPath = 0x40;  // MOVE_MOUNT_T_EMPTY_PATH, 5.2
constexpr unsigned kMoveMountBeneath = 0x200;     // MOVE_MOUNT_BENEATH, 6.5

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

constexpr unsigned long kMsLazyTime = 1 << 25;  // MS_LAZYTIME, 4.0, which glibc has since 2.38

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

// stat(2) as fstatat(2) has it, AT_EMPTY_PATH too: glibc's own functions are of version 2.33, older ones have none.
// With 32 bits what it tells of times may be elsewhere than the C library has them: kernel/file_status.cc.
int Stat(int directory, const char* path, int flags, struct stat* found);

// fcntl(2) F_DUPFD_CLOEXEC: since 2.28 glibc calls it fcntl64 where files are large by option, and musl has none.
int Duplicate(int fd);

int OpenAt2(int directory, const char* path, uint64_t flags, uint64_t resolve);

// What the kernel wrote to a filesystem context, a message a line.
std::string ReadLog(int context);

// Whether open_tree(2) and move_mount(2), which came in 5.2, may be called here, and mount_setattr(2), of 5.12. A
// sandbox may refuse each of them (ENOSYS, or EPERM from an older seccomp profile).
bool HasTreeCopies();
bool HasTreeChanges();

// Whether what fsopen(2) makes can be mounted in its place: move_mount(2) is there and no filter keeps it away.
bool HasMoveMount();

// Whether move_mount(2) can attach a mount beneath another (6.5).
bool CanMoveBeneath();

// Why a filesystem cannot be changed by fspick(2) and fsconfig(2): the errno with which they, or a filter, refuse even
// to look at a call; 0 when they are there.
int FsPickError();

// llistxattr(2) and lgetxattr(2) of a name in a directory; 6.13.
ssize_t ListAttributes(int directory, const char* name, char* list, size_t size);
ssize_t GetAttribute(int directory, const char* name, const char* attribute, char* value, size_t size);

// Whether these two may be called here.
bool HasAttributesAt();

size_t PageSize();

}  // namespace kernel
