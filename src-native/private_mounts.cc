#include "private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "kernel.h"

namespace private_mounts {

int Enter() {
  // Slave rather than private: what the process unmounts meanwhile is unmounted here too, and nothing goes back.
  return unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0 ? errno : 0;
}

int MakeMemory(OwnedFd* memory) {
  // Mounted over the root, since that is always there. Absolute paths still start at the root below; ".." of a root is
  // followed into what is mounted over it (fs/namei.c, follow_dotdot).
  struct stat below, above;
  if (kernel::Stat(AT_FDCWD, "/", 0, &below) < 0 || mount("linux-mount", "/", "tmpfs", 0, "mode=700") < 0) return errno;
  *memory = OwnedFd(open("/..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Whatever happens, nothing is ever made in the real root.
  const bool is_apart =
      *memory && kernel::Stat(memory->get(), "", AT_EMPTY_PATH, &above) == 0 && above.st_dev != below.st_dev;
  return is_apart ? 0 : ENOTSUP;
}

}  // namespace private_mounts
