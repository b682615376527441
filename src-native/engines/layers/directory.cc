// Implements the cache of open layer directories.
#include "engines/layers/directory.h"

#include <errno.h>
#include <fcntl.h>

#include <vector>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "kernel/procfs.h"

namespace {

// The cache keeps this many directories open in addition to the roots. When a deep directory is reopened, only its 64
// nearest ancestors are kept open, because the walk needs them next on its way up.
constexpr size_t kMostOpen = 256;
constexpr size_t kKeptAncestors = 64;

constexpr int kOpenFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

}  // namespace

// This function is not recursive, because a tree can be deeper than the stack.
void LayerDirectoryRef::Release(LayerDirectory* directory) {
  while (directory != nullptr && --directory->references_ == 0) {
    LayerDirectory* const parent = directory->parent_;
    if (directory->fd_ && parent != nullptr) directory->owner_->StopTracking(directory);
    delete directory;
    directory = parent;
  }
}

LayerDirectoryRef OpenDirectories::OpenRoot(const std::string& path, uint32_t layer, const char** syscall) {
  *syscall = "open";
  OwnedFd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return {};
  // open_tree(2) fails without CAP_SYS_ADMIN, in some sandboxes, before Linux 5.2, for an unbindable mount, and for a
  // mount with locked mounts below. Mounts below the layer are then visible, and device files in the layer can be
  // opened.
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
    ++parent->references_;
  }
  return added;
}

int OpenDirectories::Fd(LayerDirectory* directory) {
  if (!directory->fd_) return Reopen(directory);
  if (directory->parent_ != nullptr && directory != newest_) {
    RemoveFromList(directory);
    AddToFront(directory);
  }
  return directory->fd_.get();
}

OwnedFd OpenDirectories::OpenFile(LayerDirectory* directory, const std::string& name, const FileStatus& status,
                                  const char** step) {
  // O_NONBLOCK: opening a FIFO that replaced the file must not block.
  constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int parent = Fd(directory);
  if (parent < 0) return OwnedFd();
  OwnedFd fd(openat(parent, name.c_str(), (has_devices_ ? O_PATH | O_CLOEXEC : kToRead) | O_NOFOLLOW));
  const int error = errno;
  // If the open failed because a device file or a socket replaced the file, the error becomes ESTALE.
  FileStatus found;
  const int checked = fd ? ReadStatus(fd.get(), "", &found) : ReadStatus(parent, name.c_str(), &found);
  const bool is_same = checked == 0 && found.IsSameFile(status) && found.IsRegular();
  if (!fd || !is_same) {
    if (checked == 0) errno = is_same ? error : ESTALE;
    return OwnedFd();
  }
  if (!has_devices_) return fd;
  // This open goes through the descriptor in /proc, so ENOENT means that /proc does not contain this process.
  OwnedFd readable(open(procfs::Fd(fd.get()).c_str(), kToRead));
  if (!readable && errno == ENOENT) *step = procfs::kStep;
  return readable;
}

int OpenDirectories::Reopen(LayerDirectory* directory) {
  std::vector<LayerDirectory*> closed;
  LayerDirectory* from = directory;
  for (; !from->fd_; from = from->parent_) closed.push_back(from);
  OwnedFd intermediate;
  int at = from->fd_.get();
  while (!closed.empty()) {
    LayerDirectory* const next = closed.back();
    closed.pop_back();
    OwnedFd fd = OpenIn(at, *next);
    if (!fd) return -1;
    at = fd.get();
    if (closed.size() < kKeptAncestors) {
      KeepOpen(next, std::move(fd));
    } else {
      intermediate = std::move(fd);
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

void OpenDirectories::KeepOpen(LayerDirectory* directory, OwnedFd fd) {
  directory->fd_ = std::move(fd);
  ++open_;
  AddToFront(directory);
  while (open_ > kMostOpen) {
    LayerDirectory* const closed = oldest_;
    StopTracking(closed);
    closed->fd_ = OwnedFd();
  }
}

void OpenDirectories::StopTracking(LayerDirectory* directory) {
  RemoveFromList(directory);
  --open_;
}

void OpenDirectories::RemoveFromList(LayerDirectory* directory) {
  (directory->newer_ == nullptr ? newest_ : directory->newer_->older_) = directory->older_;
  (directory->older_ == nullptr ? oldest_ : directory->older_->newer_) = directory->newer_;
  directory->newer_ = directory->older_ = nullptr;
}

void OpenDirectories::AddToFront(LayerDirectory* directory) {
  directory->older_ = newest_;
  (newest_ == nullptr ? oldest_ : newest_->newer_) = directory;
  newest_ = directory;
}
