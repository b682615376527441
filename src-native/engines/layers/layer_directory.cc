#include "engines/layers/layer_directory.h"

#include <errno.h>
#include <fcntl.h>

#include <vector>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "kernel/procfs.h"

namespace {

// How many are open besides the roots. A way of several steps keeps the last of them: on the way back up out of a deep
// tree they are needed next.
constexpr size_t kMostOpen = 256;
constexpr size_t kKeptOfWay = 64;

constexpr int kOpenFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

// In a loop, as a tree may be deeper than the stack.
void LayerDirectoryRef::Release(LayerDirectory* directory) {
  while (directory != nullptr && --directory->holders_ == 0) {
    LayerDirectory* const parent = directory->parent_;
    if (directory->fd_ && parent != nullptr) directory->owner_->Forget(directory);
    delete directory;
    directory = parent;
  }
}

LayerDirectoryRef OpenDirectories::OpenRoot(const std::string& path, uint32_t layer, const char** syscall) {
  *syscall = "open";
  OwnedFd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return {};
  // Refused without CAP_SYS_ADMIN, in a sandbox, before 5.2, of an unbindable mount, and of one with locked mounts
  // below.
  OwnedFd clone(kernel::OpenTree(fd.get(), "", AT_EMPTY_PATH | kernel::kOpenTreeClone | kernel::kOpenTreeCloexec));
  const kernel::MountAttributes no_devices{.set = attributes::kNoDev};
  if (!clone || kernel::MountSetAttributes(clone.get(), "", AT_EMPTY_PATH, no_devices) < 0) has_devices_ = true;
  if (clone) fd = std::move(clone);
  FileStatus status;
  *syscall = "statx";
  if (ReadStatus(fd.get(), "", &status) < 0) return {};
  LayerDirectoryRef root = Add(nullptr, "", status);
  root->layer_ = layer;
  root->fd_ = std::move(fd);
  return root;
}

LayerDirectoryRef OpenDirectories::Add(LayerDirectory* parent, std::string name, const FileStatus& status) {
  LayerDirectoryRef added(new LayerDirectory);
  added->owner_ = this;
  added->name_ = std::move(name);
  added->device_ = status.device;
  added->inode_ = status.inode;
  added->mount_id_ = status.mount_id;
  if (parent != nullptr) {
    added->layer_ = parent->layer_;
    added->parent_ = parent;
    ++parent->holders_;
  }
  return added;
}

int OpenDirectories::Fd(LayerDirectory* directory) {
  if (!directory->fd_) return OpenAgain(directory);
  if (directory->parent_ != nullptr && directory != newest_) {
    Unlink(directory);
    Front(directory);
  }
  return directory->fd_.get();
}

OwnedFd OpenDirectories::OpenFile(LayerDirectory* directory, const std::string& name, const FileStatus& status,
                                  const char** step) {
  // What has been exchanged for a pipe is not waited for.
  constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int parent = Fd(directory);
  if (parent < 0) return OwnedFd();
  OwnedFd fd(openat(parent, name.c_str(), (has_devices_ ? O_PATH | O_CLOEXEC : kToRead) | O_NOFOLLOW));
  const int error = errno;
  // Where it could not be opened that may be because it is a device by now, or a socket.
  FileStatus found;
  const int looked = fd ? ReadStatus(fd.get(), "", &found) : ReadStatus(parent, name.c_str(), &found);
  const bool is_it = looked == 0 && found.IsSameFile(status) && found.IsRegular();
  if (!fd || !is_it) {
    if (looked == 0) errno = is_it ? error : ESTALE;
    return OwnedFd();
  }
  if (!has_devices_) return fd;
  // It is this file by now, whatever the name is; and that it is not found says nothing about it.
  OwnedFd readable(open(procfs::Fd(fd.get()).c_str(), kToRead));
  if (!readable && errno == ENOENT) *step = procfs::kStep;
  return readable;
}

int OpenDirectories::OpenAgain(LayerDirectory* directory) {
  std::vector<LayerDirectory*> way;
  LayerDirectory* from = directory;
  for (; !from->fd_; from = from->parent_) way.push_back(from);
  OwnedFd passed;
  int at = from->fd_.get();
  while (!way.empty()) {
    LayerDirectory* const next = way.back();
    way.pop_back();
    OwnedFd fd = OpenIn(at, *next);
    if (!fd) return -1;
    at = fd.get();
    if (way.size() < kKeptOfWay) {
      Keep(next, std::move(fd));
    } else {
      passed = std::move(fd);
    }
  }
  return at;
}

OwnedFd OpenDirectories::OpenIn(int parent, const LayerDirectory& directory) {
  OwnedFd fd(openat(parent, directory.name_.c_str(), kOpenFlags));
  FileStatus status;
  if (!fd || ReadStatus(fd.get(), "", &status) < 0) return OwnedFd();
  if (status.inode == directory.inode_ && status.device == directory.device_ &&
      status.mount_id == directory.mount_id_) {
    return fd;
  }
  errno = ESTALE;
  return OwnedFd();
}

void OpenDirectories::Keep(LayerDirectory* directory, OwnedFd fd) {
  directory->fd_ = std::move(fd);
  ++open_;
  Front(directory);
  while (open_ > kMostOpen) {
    LayerDirectory* const closed = oldest_;
    Forget(closed);
    closed->fd_ = OwnedFd();
  }
}

void OpenDirectories::Forget(LayerDirectory* directory) {
  Unlink(directory);
  --open_;
}

void OpenDirectories::Unlink(LayerDirectory* directory) {
  (directory->newer_ == nullptr ? newest_ : directory->newer_->older_) = directory->older_;
  (directory->older_ == nullptr ? oldest_ : directory->older_->newer_) = directory->newer_;
  directory->newer_ = directory->older_ = nullptr;
}

void OpenDirectories::Front(LayerDirectory* directory) {
  directory->older_ = newest_;
  (newest_ == nullptr ? oldest_ : newest_->newer_) = directory;
  newest_ = directory;
}
