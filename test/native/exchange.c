// exchange ONE OTHER ...: exchanges the two names of each pair with renameat2(2), RENAME_EXCHANGE, one pair after
// another, until its parent ends. The program ignores pairs that cannot be exchanged at the moment. The program prints
// a line when it starts, and exits with status 1 if the filesystem does not support the exchange.
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
  // A pseudo-random order with a long period reaches every combination of exchanged pairs.
  for (unsigned state = 1;; state = state * 1664525 + 1013904223) {
    const int pair = 1 + 2 * (int)((state >> 16) % (unsigned)(argc / 2));
    exchange(argv[pair], argv[pair + 1]);
  }
}
