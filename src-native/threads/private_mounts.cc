// Creates and leaves temporary mount namespaces with unshare(2) and setns(2).
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

constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

OwnedFd OwnNamespace() { return OwnedFd(open(procfs::Self("ns/mnt").c_str(), O_RDONLY | O_CLOEXEC)); }

// setns(2) changes the root to that of the mount namespace, so a thread in a chroot must restore its own root.
int EnterNamespace(const OwnedFd& mounts, const OwnedFd& root, const OwnedFd& directory) {
  const bool has_entered = setns(mounts.get(), CLONE_NEWNS) == 0 && fchdir(root.get()) == 0 && chroot(".") == 0 &&
                           fchdir(directory.get()) == 0;
  return has_entered ? 0 : errno;
}

// Makes all mounts of the new namespace slave mounts of the original mounts. Slave mounts receive the unmounts of the
// process, which private mounts would not, and propagate nothing back.
int MakeAllSlave() { return mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0 ? errno : 0; }

// Does the work of MakeAllSlave for a thread in a chroot whose root directory is no mount point, for which mount(2)
// refuses "/" with EINVAL. This function calls setns(2) with the mount namespace that the thread is already in, which
// changes the root of the thread to the root mount, and then restores the root.
int MakeAllSlaveFromTop() {
  const OwnedFd mounts = OwnNamespace(), root(open("/", kDirectoryFlags)), directory(open(".", kDirectoryFlags));
  if (!mounts || !root || !directory || setns(mounts.get(), CLONE_NEWNS) < 0) return errno;
  const int error = MakeAllSlave();
  const int back = EnterNamespace(mounts, root, directory);
  return error != 0 ? error : back;
}

}  // namespace

int PrivateMounts::Enter() {
  original_namespace_ = OwnNamespace();
  root_ = OwnedFd(open("/", kDirectoryFlags));
  directory_ = OwnedFd(open(".", kDirectoryFlags));
  if (!root_ || !directory_ || unshare(CLONE_NEWNS) < 0) return errno;
  is_inside_ = true;
  const int error = MakeAllSlave();
  return error == EINVAL ? MakeAllSlaveFromTop() : error;
}

int PrivateMounts::Leave() {
  if (!std::exchange(is_inside_, false)) return 0;
  const int error = original_namespace_ ? EnterNamespace(original_namespace_, root_, directory_) : ENOENT;
  original_namespace_ = OwnedFd();
  root_ = OwnedFd();
  directory_ = OwnedFd();
  return error;
}

int MountPrivateTmpfs(OwnedFd* tmpfs) {
  // The tmpfs is mounted over the root directory, which always exists. Absolute paths still begin at the directory
  // below the tmpfs. "/.." leads to the tmpfs, because after ".." the kernel follows mounts (fs/namei.c,
  // follow_dotdot).
  struct stat below, above;
  if (kernel::Stat(AT_FDCWD, "/", 0, &below) < 0 || mount("linux-mount", "/", "tmpfs", 0, "mode=700") < 0) return errno;
  *tmpfs = OwnedFd(open("/..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!*tmpfs || kernel::Stat(tmpfs->get(), "", AT_EMPTY_PATH, &above) < 0) return errno;
  // If "/.." still leads to the real root directory, the caller must create nothing in it.
  return above.st_dev != below.st_dev ? 0 : ENOTSUP;
}
