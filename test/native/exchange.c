// exchange ONE OTHER ...: exchanges the names of each pair, one pair after the other, for as long as it runs and its
// parent lives (renameat2(2), RENAME_EXCHANGE). What cannot be exchanged at the moment is left. It says a line when it
// has begun, and 1 as its status tells that the filesystem knows no such thing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int exchange(const char* one, const char* other) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc < 3 || argc % 2 == 0 || exchange(argv[1], argv[2]) < 0) {
    perror("exchange");
    return 1;
  }
  puts("ready");
  fflush(stdout);
  // In an order that does not come again soon, so that every state of all pairs is met.
  for (unsigned state = 1;; state = state * 1664525 + 1013904223) {
    const int pair = 1 + 2 * (int)((state >> 16) % (unsigned)(argc / 2));
    exchange(argv[pair], argv[pair + 1]);
  }
}
