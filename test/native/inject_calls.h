#pragma once

#include <sys/syscall.h>

// All system calls of the addon: those of the C library functions that its binary imports (release/symbols.js), and
// those by number. test/unit/hunts/faults-calls.test.ts compares this list with the sources. The list leaves out
// close(2), which releases the descriptor even when it fails; the calls behind memory and locks; and calls that cannot
// fail with the addon's arguments: umask(2), prctl(2), sched_yield(2), and kill(2) of a child that is not yet waited
// for.
static const struct call {
  const char* name;
  int number;
} calls[] = {
// clang-format off
#define CALL(name) {#name, SYS_##name}
#ifdef SYS_open  // missing on arm64
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(readlink), CALL(mkdir), CALL(rmdir), CALL(unlink),
    CALL(rename), CALL(mknod), CALL(pipe), CALL(poll), CALL(getdents),
#endif
#ifdef SYS_send  // on ppc64le and s390x; on other architectures the C library calls sendto(2) and recvfrom(2)
    CALL(send), CALL(recv),
#endif
    CALL(openat), CALL(read), CALL(pread64), CALL(write), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(statfs),
    CALL(fstatfs), CALL(faccessat), CALL(readlinkat), CALL(getdents64), CALL(lseek), CALL(mkdirat), CALL(mknodat),
    CALL(unlinkat), CALL(renameat), CALL(renameat2), CALL(fcntl), CALL(ioctl), CALL(flock), CALL(pipe2), CALL(ppoll),
    CALL(dup), CALL(dup3), CALL(chdir), CALL(fchdir), CALL(fchmod), CALL(ftruncate), CALL(lsetxattr), CALL(fsetxattr),
    CALL(getxattr), CALL(lgetxattr), CALL(llistxattr), CALL(fremovexattr), CALL(mount), CALL(umount2), CALL(chroot),
    CALL(unshare), CALL(setns), CALL(clone), CALL(wait4), CALL(waitid), CALL(socket), CALL(sendto), CALL(recvfrom),
    CALL(recvmsg), CALL(nanosleep), CALL(clock_nanosleep), CALL(inotify_init1), CALL(eventfd2),
    CALL(getrandom),
    // These numbers are equal on all architectures, as in src-native/kernel/calls.cc.
    {"open_tree", 428}, {"move_mount", 429}, {"fsopen", 430}, {"fsconfig", 431}, {"fsmount", 432}, {"fspick", 433},
    {"clone3", 435}, {"openat2", 437}, {"faccessat2", 439}, {"mount_setattr", 442}, {"statmount", 457},
    {"listmount", 458}, {"getxattrat", 464}, {"listxattrat", 465}};
// clang-format on
