// calls NAME...: calls each system call with the arguments -1, which no call accepts, and prints the errno. The errno
// is ENOSYS if the kernel lacks the call, EPERM if a seccomp filter or a missing privilege denies it, and another
// number if the call is available.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char* name;
  long number;
} calls[] = {{"open_tree", 428}, {"move_mount", 429}, {"fsopen", 430},       {"fsconfig", 431},
             {"fsmount", 432},   {"openat2", 437},    {"mount_setattr", 442}};

int main(int count, char** names) {
  for (int index = 1; index < count; index++) {
    for (size_t call = 0; call < sizeof calls / sizeof *calls; call++) {
      if (strcmp(names[index], calls[call].name) != 0) continue;
      errno = 0;
      syscall(calls[call].number, -1L, -1L, -1L, -1L, -1L, -1L);
      printf("%s %d\n", names[index], errno);
    }
  }
  return 0;
}
