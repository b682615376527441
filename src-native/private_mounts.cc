#include "private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <utility>

#include "kernel.h"
#include "procfs.h"

int PrivateMounts::Enter() { return Enter(OwnedFd(open(procfs::Self("ns/mnt").c_str(), O_RDONLY | O_CLOEXEC))); }

int PrivateMounts::Enter(OwnedFd home) {
  home_ = std::move(home);
  if (unshare(CLONE_NEWNS) < 0) return errno;
  is_in_ = true;
  // Slave rather than private: what the process unmounts meanwhile is unmounted here too, and nothing goes back.
  return mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0 ? errno : 0;
}

int PrivateMounts::Leave() {
  if (!std::exchange(is_in_, false)) return 0;
  const OwnedFd home(std::move(home_));
  if (!home) return ENOENT;
  return setns(home.get(), CLONE_NEWNS) < 0 ? errno : 0;
}

int MakePrivateMemory(OwnedFd* memory) {
  // Mounted over the root, since that is always there. Absolute paths still start at the root below; ".." of a root is
  // followed into what is mounted over it (fs/namei.c, follow_dotdot).
  struct stat below, above;
  if (kernel::Stat(AT_FDCWD, "/", 0, &below) < 0 || mount("linux-mount", "/", "tmpfs", 0, "mode=700") < 0) return errno;
  *memory = OwnedFd(open("/..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!*memory || kernel::Stat(memory->get(), "", AT_EMPTY_PATH, &above) < 0) return errno;
  // Whatever happens, nothing is ever made in the real root.
  return above.st_dev != below.st_dev ? 0 : ENOTSUP;
}
