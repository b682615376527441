// deny CALL=ERRNO ... -- COMMAND ...: runs COMMAND under a seccomp(2) filter that fails these system calls, as an older
// kernel or a sandbox does. "remount" is mount(2) with MS_REMOUNT. "mount-with-data" is mount(2) with data that is not
// NULL. "fsconfig-descriptor" is fsconfig(2) with FSCONFIG_SET_FD or with a command that ends a configuration.
// "statx-mount-id" is statx(2) with STATX_MNT_ID, which Node.js itself never requests.
//
//   deny open_tree=ENOSYS remount=EPERM -- node script.js
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct call {
  const char* name;
  unsigned number;
  unsigned argument;  // the argument that must have a bit of the mask in its lower 32 bits; a mask of 0 matches always
  unsigned mask;
};

static const struct call calls[] = {
    {"mount", SYS_mount, 0, 0},
    {"remount", SYS_mount, 3, MS_REMOUNT},
    {"mount-with-data", SYS_mount, 4, ~0u},
    {"umount2", SYS_umount2, 0, 0},
    {"statx", SYS_statx, 0, 0},
    {"statx-mount-id", SYS_statx, 3, 0x1000},
    {"unshare", SYS_unshare, 0, 0},
    {"open_tree", 428, 0, 0},
    {"move_mount", 429, 0, 0},
    {"fsopen", 430, 0, 0},
    {"fsconfig", 431, 0, 0},
    {"fsconfig-descriptor", 431, 1, 4},
    {"fsmount", 432, 0, 0},
    {"fspick", 433, 0, 0},
    {"openat2", 437, 0, 0},
    {"mount_setattr", 442, 0, 0},
    {"statmount", 457, 0, 0},
    {"listmount", 458, 0, 0},
    {"getxattrat", 464, 0, 0},
    {"listxattrat", 465, 0, 0},
    {"open_tree_attr", 467, 0, 0},
};

static const struct {
  const char* name;
  int number;
} errors[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM},   {"EIO", EIO},
              {"ENOMEM", ENOMEM}, {"ENODEV", ENODEV}, {"EINVAL", EINVAL}};

static struct sock_filter filter[128];
static unsigned short length;

static void add(unsigned short code, unsigned k, unsigned char when_true, unsigned char when_false) {
  filter[length++] = (struct sock_filter)BPF_JUMP(code, k, when_true, when_false);
}

static void fail(const char* what) {
  fprintf(stderr, "deny: %s: %s\n", what, errno ? strerror(errno) : "not known");
  exit(125);
}

static void add_rule(const char* rule) {
  const char* equals = strchr(rule, '=');
  if (equals == NULL) fail(rule);
  const struct call* call = NULL;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
    if (strlen(calls[i].name) == (size_t)(equals - rule) && !memcmp(calls[i].name, rule, equals - rule))
      call = &calls[i];
  }
  int error = 0;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i) {
    if (!strcmp(errors[i].name, equals + 1)) error = errors[i].number;
  }
  if (call == NULL || error == 0 || length > 100) fail(rule);

  // The filter does not check the architecture, because COMMAND has the architecture of this program.
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  add(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, call->mask ? 3 : 1);
  if (call->mask) {
    const size_t low_half = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + 8 * call->argument + low_half, 0, 0);
    add(BPF_JMP | BPF_JSET | BPF_K, call->mask, 0, 1);
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0, 0);
}

int main(int argc, char** argv) {
  int at = 1;
  for (; at < argc && strcmp(argv[at], "--"); ++at) add_rule(argv[at]);
  if (at + 1 >= argc) fail("no command");
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);

  const struct sock_fprog program = {.len = length, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("no_new_privs");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) fail("seccomp");
  execvp(argv[at + 1], argv + at + 1);
  fail(argv[at + 1]);
}
