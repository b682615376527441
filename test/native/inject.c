// inject COMMAND ...: runs COMMAND, which can make one of its own system calls fail. COMMAND sends requests on
// descriptor 3, a socket of messages, and receives an answer to each request:
//
//   "arm NAME INDEX ERRNO MODE", answered by "ok": the call of this name with this index (from 1; 0 for none) fails
//   with this errno. If ERRNO is 0, the call kills the command. NAME "any" stands for all calls. MODE is "once", or
//   "on" to fail every later call of the name too, or "hold" to delay the call and not to fail it.
//
//   "held", answered by 1 or 0: whether the delayed call waits. "release", answered by "ok": the delayed call
//   continues.
//
//   "disarm", answered by "INJECTED COUNT UNOPENED NAME NAME ...": the calls since "arm" in their order, and how often
//   a descriptor was closed that was not open.
//
// The program counts the calls of inject_calls.h on the main thread, and on threads and processes that start after
// "arm" or that have the addon's name. Calls of other threads (V8, libuv) pass, and so do reads and writes of eventfds
// and pipes that were open before "arm": libuv wakes up the main thread through them.
//
// The program uses seccomp_unotify(2), which stops the caller until this program answers (Linux 5.5).
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inject_calls.h"
#include "pass_descriptor.h"

enum { CONTROL = 3, PATIENCE = 20 };  // the longest time of an operation in seconds

enum { CALLS = sizeof calls / sizeof *calls, MOST_CALLS = 4000, MOST_THREADS = 200, MOST_DESCRIPTORS = 1024 };

static pid_t command;
static struct {
  bool on, stays, injected, holds;
  __u64 held;  // the ID of the delayed call, which is never 0
  time_t begin;
  int number, index, error;
  int count, count_of_name, unopened;
  const char* names[MOST_CALLS];
  pid_t others[MOST_THREADS];  // threads from before "arm" that are not the addon's
  int other_count;
  bool wakes_up[MOST_DESCRIPTORS];  // eventfds and pipes that were open before "arm"
} armed;

static void fail(const char* what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  exit(125);
}

static int install_filter(void) {
  struct sock_filter filter[CALLS + 4];
  unsigned short length = 0;
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i <= CALLS; ++i) {
    const int number =
        i < CALLS ? calls[i].number : SYS_close;  // close(2) never fails here; this program only checks its descriptor
    filter[length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, (unsigned char)(CALLS - i + 1), 0);
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  const struct sock_fprog program = {.len = length, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("no_new_privs");
  const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd < 0) fail("seccomp");
  return (int)fd;
}

static bool has_addons_name(pid_t thread) {
  char path[64], name[32] = "";
  snprintf(path, sizeof path, "/proc/%d/task/%d/comm", command, thread);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t length = read(fd, name, sizeof name - 1);
  close(fd);
  return length > 0 && !strcmp(name, "linux-mount\n");
}

static void note_other_threads(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", command);
  DIR* tasks = opendir(path);
  if (tasks == NULL) fail(path);
  armed.other_count = 0;
  for (struct dirent* entry; (entry = readdir(tasks)) != NULL;) {
    const pid_t thread = atoi(entry->d_name);
    if (thread <= 0 || thread == command || has_addons_name(thread)) continue;
    if (armed.other_count == MOST_THREADS) fail("too many threads");
    armed.others[armed.other_count++] = thread;
  }
  closedir(tasks);
}

// The addon has no eventfd while no operation runs, so these eventfds are libuv's.
static void note_what_wakes_up(void) {
  char path[64], what[64];
  snprintf(path, sizeof path, "/proc/%d/fd", command);
  DIR* descriptors = opendir(path);
  if (descriptors == NULL) fail(path);
  memset(armed.wakes_up, 0, sizeof armed.wakes_up);
  for (struct dirent* entry; (entry = readdir(descriptors)) != NULL;) {
    const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, what, sizeof what - 1);
    if (length < 0) continue;  // "." and ".."
    what[length] = 0;
    const bool is_one = !strcmp(what, "anon_inode:[eventfd]") || !strncmp(what, "pipe:", 5);
    const int fd = atoi(entry->d_name);
    if (is_one && fd >= MOST_DESCRIPTORS) fail("too many descriptors");
    if (is_one) armed.wakes_up[fd] = true;
  }
  closedir(descriptors);
}

static bool counts(const struct seccomp_notif* call) {
  if (!armed.on) return false;
  if (call->data.nr == SYS_read || call->data.nr == SYS_write) {
    const unsigned fd = (unsigned)call->data.args[0];
    // These reads and writes count on no thread: a thread of the addon reports its end by uv_async_send, which may
    // write at any time.
    if (fd == CONTROL || (fd < MOST_DESCRIPTORS && armed.wakes_up[fd])) return false;
  }
  const pid_t thread = (pid_t)call->pid;
  if (thread == command) return true;
  for (int i = 0; i < armed.other_count; ++i) {
    if (armed.others[i] == thread) return false;
  }
  return true;
}

static const char* name_of(int number) {
  for (int i = 0; i < CALLS; ++i) {
    if (calls[i].number == number) return calls[i].name;
  }
  return "?";
}

static int number_of(const char* name) {
  for (int i = 0; i < CALLS; ++i) {
    if (!strcmp(calls[i].name, name)) return calls[i].number;
  }
  return -1;
}

// After a double close the number may belong to a file of another thread.
static bool is_open(pid_t thread, unsigned fd) {
  char path[64], what[8];
  snprintf(path, sizeof path, "/proc/%d/fd/%u", thread, fd);
  return fd == ~0u || readlink(path, what, sizeof what) >= 0;
}

static void answer_call(int listener) {
  struct seccomp_notif call = {0};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
    if (errno == ENOENT || errno == EINTR) return;  // the thread was killed meanwhile
    fail("receive");
  }
  struct seccomp_notif_resp response = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  if (call.data.nr == SYS_close) {
    if (counts(&call) && !is_open((pid_t)call.pid, (unsigned)call.data.args[0])) ++armed.unopened;
  } else if (counts(&call)) {
    if (armed.count < MOST_CALLS) armed.names[armed.count] = name_of(call.data.nr);
    ++armed.count;
    // Waiting for a child needs no resources, so wait4(2) and waitid(2) succeed while every other call fails.
    const bool waits = call.data.nr == SYS_wait4 || call.data.nr == SYS_waitid;
    const bool is_any = armed.number < 0 && (armed.error == 0 || !waits);
    const bool is_of_name = is_any || call.data.nr == armed.number;
    armed.count_of_name += is_of_name;
    const bool is_it = is_of_name && armed.count_of_name == armed.index;
    if (is_it && armed.holds) {
      armed.held = call.id;
      return;
    }
    if (is_it && armed.error == 0) {
      kill(command, SIGKILL);
      return;  // the call is never made
    }
    if (is_it || (is_of_name && armed.injected && armed.stays)) {
      armed.injected = true;
      response.flags = 0;
      response.error = -armed.error;
    }
  }
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT) fail("send");
}

static void release(int listener) {
  struct seccomp_notif_resp response = {.id = armed.held, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  armed.held = 0;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT) fail("send");
}

static void answer_command(int control, int listener) {
  static char text[64 * 1024];
  const ssize_t length = recv(control, text, sizeof text - 1, 0);
  if (length < 0) fail("control");
  if (length == 0) return;  // the command is about to end
  text[length] = 0;
  char name[20], mode[8];
  if (sscanf(text, "arm %19s %d %d %7s", name, &armed.index, &armed.error, mode) == 4) {
    armed.number = number_of(name);
    note_other_threads();
    note_what_wakes_up();
    armed.stays = !strcmp(mode, "on");
    armed.holds = !strcmp(mode, "hold");
    armed.injected = false;
    armed.count = armed.count_of_name = armed.unopened = 0;
    armed.begin = time(NULL);
    armed.on = true;
    strcpy(text, "ok");
  } else if (!strcmp(text, "held")) {
    strcpy(text, armed.held != 0 ? "1" : "0");
  } else if (!strcmp(text, "release")) {
    release(listener);
    strcpy(text, "ok");
  } else if (!strcmp(text, "disarm")) {
    armed.on = false;
    int at = snprintf(text, sizeof text, "%d %d %d", armed.injected, armed.count, armed.unopened);
    for (int i = 0; i < armed.count && i < MOST_CALLS && at < (int)sizeof text - 32; ++i) {
      at += snprintf(text + at, sizeof text - (size_t)at, " %s", armed.names[i]);
    }
  } else {
    strcpy(text, "not known");
  }
  if (send(control, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE) fail("control");
}

int main(int argc, char** argv) {
  int ends[2];
  if (argc < 2) fail("no command");
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0) fail("socketpair");
  command = fork();
  if (command < 0) fail("fork");
  if (command == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    if (ends[1] != CONTROL) {
      dup2(ends[1], CONTROL);
      close(ends[1]);
    }
    const int listener = install_filter();
    if (send_descriptor(CONTROL, listener) < 0) fail("sendmsg");
    // fcntl(2) already waits for an answer from this program, and COMMAND must not inherit this descriptor.
    close(listener);
    execvp(argv[1], argv + 1);
    fail(argv[1]);
  }
  close(ends[1]);
  const int listener = receive_descriptor(ends[0]);
  if (listener < 0) fail("recvmsg");
  int status;
  struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = ends[0], .events = POLLIN}};
  for (;;) {
    const int count = poll(ready, 2, ready[1].fd < 0 ? 5 : 200);
    if (count < 0 && errno != EINTR) fail("poll");
    if (armed.on && time(NULL) > armed.begin + PATIENCE) {
      fprintf(stderr, "inject: hangs with %s call %d failing with error %d%s\n", name_of(armed.number), armed.index,
              armed.error, armed.stays ? ", and later ones" : "");
      for (int i = 0; i < armed.count && i < MOST_CALLS; ++i) fprintf(stderr, "%s ", armed.names[i]);
      kill(command, SIGKILL);
      armed.on = false;
    }
    if (ready[0].revents & POLLIN) answer_call(listener);
    if (ready[1].revents & POLLIN) answer_command(ends[0], listener);
    if (ready[1].revents & POLLHUP) ready[1].fd = -1;
    // The filter may outlive COMMAND in processes that COMMAND started.
    if (count == 0 || ready[0].revents & POLLHUP || ready[1].fd < 0) {
      const pid_t ended = waitpid(command, &status, WNOHANG);
      if (ended < 0) fail("wait");
      if (ended == command) break;
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
