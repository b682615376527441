// Starts the child processes that create user namespaces, and writes the ID mappings of the namespaces.
#include "threads/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "kernel/calls.h"
#include "kernel/procfs.h"
#include "libc/oldest_glibc.h"

namespace user_namespace {
namespace {

// The child writes its result to an Answer in memory that the child shares with its parent.
struct Answer {
  int error;
  const char* syscall;  // A string literal, which has the same address in both processes.
};

Trial Failed(const char* syscall) {
  Trial trial;
  trial.error = errno;
  trial.syscall = syscall;
  return trial;
}

// Calls clone(2) without a new stack, as fork(2) does, but with CLONE_FILES. A child with a copy of the descriptor
// table would keep the descriptors of other threads open, and umount(2) of their mounts would fail with EBUSY. The s390
// architecture takes the stack as the first argument and the flags as the second.
//
// All signals are blocked in the child. A signal for the whole process group, for example from Ctrl-C, reaches the
// child too. libuv's handler in the child would use the pipes of this process, one of which serves as a lock. A child
// that is killed while it holds this lock would block every later signal for ever (src/unix/signal.c,
// uv__signal_handler).
long Fork(unsigned long flags) {
  flags |= CLONE_FILES;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
#if defined(__s390__)
  const long child = syscall(SYS_clone, 0, flags, 0, 0, 0);
#else
  const long child = syscall(SYS_clone, flags, 0, 0, 0, 0);
#endif
  if (child != 0) pthread_sigmask(SIG_SETMASK, &before, nullptr);  // pthread_sigmask(3) does not change errno.
  return child;
}

// The three functions that follow run in the child and make only system calls. Another thread of the parent may have
// held any lock at the time of clone(2), that of malloc(3) too, and nobody unlocks it in the child.
const char* MountInside(const char* type, const char* data) {
  // Absolute paths still begin at the directory below the tmpfs, and "/.." leads to the tmpfs (fs/namei.c,
  // follow_dotdot).
  if (mount("linux-mount", "/", "tmpfs", 0, "mode=700") < 0) return "mount";
  if (chdir("/..") < 0) return "chdir";
  if (mkdir("a", 0700) < 0 || mkdir("b", 0700) < 0 || mkdir("m", 0700) < 0) return "mkdir";
  if (mount(type, "m", type, 0, data) < 0) return "mount";
  return nullptr;
}

[[noreturn]] void RunChild(int start, pid_t parent, const char* type, const char* data, Answer* answer) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char byte;
  // The parent has died, or has closed the pipe because it could not write the ID mappings. The child then ends without
  // a mount. The function getppid(2) returns 0 if the parent is in another PID namespace.
  if (getppid() != parent && getppid() != 0) _exit(1);
  if (read(start, &byte, 1) != 1) _exit(1);
  errno = 0;
  answer->syscall = MountInside(type, data);
  answer->error = answer->syscall == nullptr ? 0 : errno;
  _exit(0);
}

[[noreturn]] void WaitToBeKilled(int wait, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char byte;
  if (getppid() == parent || getppid() == 0) [[maybe_unused]]
    const ssize_t length = read(wait, &byte, 1);
  _exit(0);
}

bool WriteFile(const std::string& path, const std::string& text) {
  const OwnedFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Any process may map its own user ID and group ID. The kernel accepts the group mapping only after "deny" is written
// to setgroups (user_namespaces(7)).
bool MapIds(const std::string& process) {
  return WriteFile(process + "setgroups", "deny") &&
         WriteFile(process + "uid_map", "0 " + std::to_string(geteuid()) + " 1") &&
         WriteFile(process + "gid_map", "0 " + std::to_string(getegid()) + " 1");
}

// Writes the ID mappings of the child's user namespace and opens the namespace. The child waits meanwhile.
Trial Prepare(pid_t child) {
  const std::string process = procfs::Root(std::to_string(child)) + "/";
  if (!MapIds(process)) return Failed("write");
  Trial trial;
  trial.fd = OwnedFd(open((process + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  return trial.fd ? std::move(trial) : Failed("open");
}

void Reap(pid_t child) {
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace

Trial Mount(const char* type, const char* data) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return Failed("pipe2");
  OwnedFd start(ends[0]);
  const OwnedFd go(ends[1]);
  void* shared = mmap(nullptr, sizeof(Answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Failed("mmap");
  auto* answer = static_cast<Answer*>(shared);
  *answer = {ECANCELED, "clone"};  // The result if the child is killed before it writes an Answer.

  const pid_t parent = getpid();
  const long child = Fork(CLONE_NEWUSER | CLONE_NEWNS);
  if (child == 0) RunChild(start.get(), parent, type, data, answer);
  Trial trial = child < 0 ? Failed("clone") : Prepare(static_cast<pid_t>(child));
  if (child > 0) {
    // The child mounts only a tmpfs of its own and cannot block, so this thread may wait until the child ends.
    const bool going = trial.error == 0 && write(go.get(), "", 1) == 1;
    if (!going) kill(static_cast<pid_t>(child), SIGKILL);
    Reap(static_cast<pid_t>(child));
    if (going && answer->error != 0) {
      trial.error = answer->error;
      trial.syscall = answer->syscall;
    }
  }
  munmap(shared, sizeof(Answer));
  return trial;
}

Made Make(const std::string& uid_lines, const std::string& gid_lines) {
  Made made;
  const auto fail = [&](const char* syscall) {
    made.error = errno;
    made.syscall = syscall;
  };
  // The child only keeps the namespace alive: it reads from a pipe that nobody writes to, until it is killed.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    fail("pipe2");
    return made;
  }
  const OwnedFd wait(ends[0]);
  const OwnedFd unused(ends[1]);
  const pid_t parent = getpid();
  const long child = Fork(CLONE_NEWUSER);
  if (child == 0) WaitToBeKilled(wait.get(), parent);
  if (child < 0) {
    fail("clone");
    return made;
  }
  const std::string process = procfs::Root(std::to_string(child)) + "/";
  if (!WriteFile(process + "uid_map", uid_lines) || !WriteFile(process + "gid_map", gid_lines)) {
    fail("write");
  } else {
    made.fd = OwnedFd(open((process + "ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (!made.fd) fail("open");
  }
  kill(static_cast<pid_t>(child), SIGKILL);
  Reap(static_cast<pid_t>(child));
  return made;
}

bool IsInside() {
  constexpr ino_t kInitial = 0xEFFFFFFD;  // PROC_USER_INIT_INO (include/linux/proc_ns.h)
  struct stat found;
  return kernel::Stat(AT_FDCWD, "/proc/self/ns/user", 0, &found) == 0 && found.st_ino != kInitial;
}

}  // namespace user_namespace
