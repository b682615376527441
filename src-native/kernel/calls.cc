// Makes the system calls of kernel/calls.h by number, and finds out which of them can be called.
#include "kernel/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

// System call numbers added since Linux 5.1 are the same on every architecture except alpha, where Node.js does not
// run.
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif
#ifndef SYS_listxattrat
#define SYS_listxattrat 465
#endif

namespace kernel {
namespace {

constexpr unsigned kInvalidFlags = ~0u;

// A kernel that has the system call refuses invalid flags with EINVAL. A missing system call fails with ENOSYS, and a
// call that a seccomp filter refuses fails with the errno that the author of the filter chose.
bool FailsWithEinval(long result) { return result == -1 && errno == EINVAL; }

// Bits of the answer that HasTreeCall remembers.
enum TreeCall : int { kKnown = 1, kCopies = 2, kChanges = 4 };

// Calls open_tree(2), move_mount(2) and mount_setattr(2) once each with invalid flags, and remembers the answer for the
// life of the process. An answer that contains EPERM is not remembered, because the process may regain the privilege
// with seteuid(2).
bool HasTreeCall(TreeCall wanted) {
  // Two threads that run this function at the same time compute the same answer, so the atomic needs no lock.
  static std::atomic<int> known{0};
  int answer = known.load(std::memory_order_relaxed);
  if (answer == 0) {
    bool is_certain = true;
    const auto is_usable = [&](bool is_implemented) {
      if (!is_implemented && errno == EPERM) is_certain = false;
      return is_implemented;
    };
    if (is_usable(FailsWithEinval(syscall(SYS_open_tree, -1, "", kInvalidFlags))) && is_usable(HasMoveMount())) {
      answer |= kCopies;
    }
    if (is_usable(FailsWithEinval(syscall(SYS_mount_setattr, -1, "", kInvalidFlags, nullptr, size_t{0})))) {
      answer |= kChanges;
    }
    if (is_certain) known.store(answer | kKnown, std::memory_order_relaxed);
  }
  return (answer & wanted) != 0;
}

}  // namespace

int OpenTree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, directory, path, flags));
}

int MountSetAttributes(int directory, const char* path, unsigned flags, const MountAttributes& attributes) {
  return static_cast<int>(syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes));
}

int FsOpen(const char* type, unsigned flags) { return static_cast<int>(syscall(SYS_fsopen, type, flags)); }

int FsConfig(int context, unsigned command, const char* key, const char* value, int aux) {
  return static_cast<int>(syscall(SYS_fsconfig, context, command, key, value, aux));
}

int FsPick(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_fspick, directory, path, flags));
}

int FsMount(int context, unsigned flags, unsigned attributes) {
  return static_cast<int>(syscall(SYS_fsmount, context, flags, attributes));
}

int MoveMount(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

int SetPropagation(const char* path, unsigned long type, bool recursive) {
  return mount(nullptr, path, nullptr, type | (recursive ? MS_REC : 0), nullptr);
}

int Stat(int directory, const char* path, int flags, struct stat* found) {
#if defined(SYS_newfstatat)
  return static_cast<int>(syscall(SYS_newfstatat, directory, path, found, flags));
#elif defined(SYS_fstatat64)  // Architectures of 32 bits.
#if defined(__arm__)
  // The C library's struct stat must begin with the same fields as the kernel's struct stat64. glibc's struct does so
  // unless _TIME_BITS is 64, so linux_mount.gypi undefines this macro. musl's struct always does so, and musl appends
  // its own 64-bit times (kernel/file_status.cc).
  static_assert(offsetof(struct stat, st_ino) == 96);
#endif
  return static_cast<int>(syscall(SYS_fstatat64, directory, path, found, flags));
#else  // The newest architectures have only statx(2), and their C libraries implement fstatat(2) by statx(2).
  return fstatat(directory, path, found, flags);
#endif
}

int Duplicate(int fd) {
#if defined(SYS_fcntl64)
  return static_cast<int>(syscall(SYS_fcntl64, fd, F_DUPFD_CLOEXEC, 0));
#else
  return static_cast<int>(syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0));
#endif
}

int OpenAt2(int directory, const char* path, uint64_t flags, uint64_t resolve) {
  const struct {  // struct open_how
    uint64_t flags, mode, resolve;
  } how{flags, 0, resolve};
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

std::string ReadLog(int context) {
  std::string log;
  char message[1024];
  for (;;) {
    // Each read(2) returns one message, and fails with ENODATA when no message is left.
    const ssize_t length = read(context, message, sizeof message);
    if (length <= 0) return log;
    log.append(message, static_cast<size_t>(length));
    if (log.back() != '\n') log += '\n';
  }
}

bool HasMoveMount() { return FailsWithEinval(syscall(SYS_move_mount, -1, "", -1, "", kInvalidFlags)); }

bool CanMoveBeneath() {
  // A kernel that knows MOVE_MOUNT_BENEATH accepts the flags, and fails with EBADF because of the descriptor -1.
  return !FailsWithEinval(syscall(SYS_move_mount, -1, "", -1, "", kMoveMountBeneath | kMoveMountFromEmptyPath));
}

int FsPickError() {
  if (!FailsWithEinval(syscall(SYS_fspick, -1, "", kInvalidFlags))) return errno;
  // fsconfig(2) checks the descriptor first and refuses a negative descriptor with EINVAL.
  return FailsWithEinval(syscall(SYS_fsconfig, -1, kFsConfigReconfigure, nullptr, nullptr, 0)) ? 0 : errno;
}

bool HasTreeCopies() { return HasTreeCall(kCopies); }

bool HasTreeChanges() { return HasTreeCall(kChanges); }

ssize_t ListAttributes(int directory, const char* name, char* list, size_t size) {
  return syscall(SYS_listxattrat, directory, name, AT_SYMLINK_NOFOLLOW, list, size);
}

ssize_t GetAttribute(int directory, const char* name, const char* attribute, char* value, size_t size) {
  struct {  // struct xattr_args, linux/xattr.h
    uint64_t value;
    uint32_t size;
    uint32_t flags;
  } arguments = {reinterpret_cast<uintptr_t>(value), static_cast<uint32_t>(size), 0};
  return syscall(SYS_getxattrat, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
}

bool HasAttributesAt() {
  // A kernel that has these system calls refuses the descriptor -1 with EBADF.
  char nothing;
  return ListAttributes(-1, "x", &nothing, 1) < 0 && errno == EBADF &&
         GetAttribute(-1, "x", "user.x", &nothing, 1) < 0 && errno == EBADF;
}

size_t PageSize() {
  // Two threads that run this function at the same time store the same value, so the atomic needs no lock.
  static std::atomic<size_t> known{0};
  size_t size = known.load(std::memory_order_relaxed);
  if (size == 0) known.store(size = static_cast<size_t>(sysconf(_SC_PAGESIZE)), std::memory_order_relaxed);
  return size;
}

}  // namespace kernel
