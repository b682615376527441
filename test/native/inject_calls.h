#pragma once

#include <sys/syscall.h>

// All that the addon calls: what its binary takes from the C library (release/symbols.js), and by number, which
// test/hunts/faults-calls.test.ts compares. Without close(2), which gives the descriptor back even when it fails; what
// memory and locks are made of; and what cannot fail as it is called there: umask(2), prctl(2), sched_yield(2), kill(2)
// of a child that nobody has waited for.
static const struct call {
  const char* name;
  int number;
} calls[] = {
// clang-format off
#define CALL(name) {#name, SYS_##name}
#ifdef SYS_open  // not on arm64
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(readlink), CALL(mkdir), CALL(rmdir), CALL(unlink),
    CALL(rename), CALL(mknod), CALL(pipe), CALL(poll), CALL(getdents),
#endif
#ifdef SYS_send  // on ppc64le and s390x; elsewhere these are sendto(2) and recvfrom(2)
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
    // by number, as in src-native/kernel/calls.cc
    {"open_tree", 428}, {"move_mount", 429}, {"fsopen", 430}, {"fsconfig", 431}, {"fsmount", 432}, {"fspick", 433},
    {"clone3", 435}, {"openat2", 437}, {"faccessat2", 439}, {"mount_setattr", 442}, {"statmount", 457},
    {"listmount", 458}, {"getxattrat", 464}, {"listxattrat", 465}};
// clang-format on
