#include "threads/private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "kernel/calls.h"
#include "kernel/procfs.h"

namespace {

constexpr int kPlace = O_PATH | O_DIRECTORY | O_CLOEXEC;

OwnedFd OwnNamespace() { return OwnedFd(open(procfs::Self("ns/mnt").c_str(), O_RDONLY | O_CLOEXEC)); }

// setns(2) goes to the root of the namespace, which is not that of a process in a chroot.
int GoTo(const OwnedFd& mounts, const OwnedFd& root, const OwnedFd& directory) {
  const bool is_there = setns(mounts.get(), CLONE_NEWNS) == 0 && fchdir(root.get()) == 0 && chroot(".") == 0 &&
                        fchdir(directory.get()) == 0;
  return is_there ? 0 : errno;
}

// Slave rather than private: what the process unmounts meanwhile is unmounted here too, and nothing goes back.
int ReceiveOnly() { return mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0 ? errno : 0; }

// For who is in a chroot that is no mount point, where "/" names no mount.
int ReceiveOnlyFromTop() {
  const OwnedFd mounts = OwnNamespace(), root(open("/", kPlace)), directory(open(".", kPlace));
  if (!mounts || !root || !directory || setns(mounts.get(), CLONE_NEWNS) < 0) return errno;
  const int error = ReceiveOnly();
  const int back = GoTo(mounts, root, directory);
  return error != 0 ? error : back;
}

}  // namespace

int PrivateMounts::Enter() {
  home_ = OwnNamespace();
  root_ = OwnedFd(open("/", kPlace));
  directory_ = OwnedFd(open(".", kPlace));
  if (!root_ || !directory_ || unshare(CLONE_NEWNS) < 0) return errno;
  is_in_ = true;
  const int error = ReceiveOnly();
  return error == EINVAL ? ReceiveOnlyFromTop() : error;
}

int PrivateMounts::Leave() {
  if (!std::exchange(is_in_, false)) return 0;
  const int error = home_ ? GoTo(home_, root_, directory_) : ENOENT;
  home_ = OwnedFd();
  root_ = OwnedFd();
  directory_ = OwnedFd();
  return error;
}

int MountPrivateTmpfs(OwnedFd* memory) {
  // Mounted over the root, since that is always there. Absolute paths still start at the root below; ".." of a root is
  // followed into what is mounted over it (fs/namei.c, follow_dotdot).
  struct stat below, above;
  if (kernel::Stat(AT_FDCWD, "/", 0, &below) < 0 || mount("linux-mount", "/", "tmpfs", 0, "mode=700") < 0) return errno;
  *memory = OwnedFd(open("/..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!*memory || kernel::Stat(memory->get(), "", AT_EMPTY_PATH, &above) < 0) return errno;
  // Whatever happens, nothing is ever made in the real root.
  return above.st_dev != below.st_dev ? 0 : ENOTSUP;
}
