// Opens the directories of layers by descriptor, and reopens directories that were closed to save descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "kernel/file_status.h"
#include "kernel/owned_fd.h"

// A directory of a layer, identified by its parent directory and its name. A tree can be deeper than a path may be long
// (PATH_MAX) and than a process may have descriptors (RLIMIT_NOFILE), so a directory can be closed and reopened.
//
// Every lookup is of one name in an open directory and follows no symbolic link. A reopened directory must have the
// same device, inode and mount ID as before. A lookup therefore never leaves the layer, even while another process
// changes the layer. These classes have no lock: one thread at a time may use them.
class LayerDirectory {
 public:
  const LayerDirectory* parent() const { return parent_; }
  const std::string& name() const { return name_; }
  // The number of the layer: 0 is the upper layer, 1 is the topmost lower layer, and so on.
  uint32_t layer() const { return layer_; }
  bool IsSame(const LayerDirectory& other) const {
    return layer_ == other.layer_ && inode_ == other.inode_ && device_ == other.device_;
  }

 private:
  friend class LayerDirectoryRef;
  friend class OpenDirectories;
  LayerDirectory() = default;

  size_t references_ = 0;
  LayerDirectory* parent_ = nullptr;  // a counted reference; null for the root of a layer
  std::string name_;
  uint32_t layer_ = 0;
  uint64_t device_ = 0, inode_ = 0, mount_id_ = 0;
  class OpenDirectories* owner_ = nullptr;
  OwnedFd fd_;  // opened with O_PATH; empty while the directory is closed
  LayerDirectory *newer_ = nullptr, *older_ = nullptr;
};

// A counted reference to a LayerDirectory.

class LayerDirectoryRef {
 public:
  LayerDirectoryRef() = default;
  explicit LayerDirectoryRef(LayerDirectory* directory) : directory_(directory) {
    if (directory_ != nullptr) ++directory_->references_;
  }
  LayerDirectoryRef(const LayerDirectoryRef& other) : LayerDirectoryRef(other.directory_) {}
  LayerDirectoryRef(LayerDirectoryRef&& other) noexcept : directory_(std::exchange(other.directory_, nullptr)) {}
  LayerDirectoryRef& operator=(LayerDirectoryRef other) noexcept {
    std::swap(directory_, other.directory_);
    return *this;
  }
  ~LayerDirectoryRef() { Release(directory_); }

  LayerDirectory* get() const { return directory_; }
  LayerDirectory* operator->() const { return directory_; }
  LayerDirectory& operator*() const { return *directory_; }
  explicit operator bool() const { return directory_ != nullptr; }

 private:
  static void Release(LayerDirectory* directory);

  LayerDirectory* directory_ = nullptr;
};

// The cache of open directories, which closes the least recently used directory. The cache must outlive every directory
// that it returned.
class OpenDirectories {
 public:
  OpenDirectories() = default;
  OpenDirectories(const OpenDirectories&) = delete;
  OpenDirectories& operator=(const OpenDirectories&) = delete;

  // Opens the root directory of a layer, which stays open. If the kernel allows it, the root is a detached clone of the
  // layer's mount, so mounts below the layer are invisible, as they are to overlayfs (fs/namespace.c,
  // clone_private_mount), and no device file in the layer can be opened. Returns null with errno set on failure, and
  // the failed call in `syscall`.
  LayerDirectoryRef OpenRoot(const std::string& path, uint32_t layer, const char** syscall);

  // Returns a directory with the status that ReadStatus found. Fd() opens the directory.
  LayerDirectoryRef Add(LayerDirectory* parent, std::string name, const FileStatus& status);

  // Returns the descriptor of a directory, and opens the directory if necessary. The descriptor remains open until Fd()
  // has returned 256 other descriptors. Returns -1 with errno set on failure: ESTALE if another directory replaced the
  // directory.
  int Fd(LayerDirectory* directory);

  // Opens a regular file for reading. The function never opens another kind of file, because another process can
  // replace the file by a device file at any time, and opening a device can have side effects. Fails with ESTALE if the
  // file is no longer the file that `status` describes. Sets `step` to procfs::kStep if /proc does not contain this
  // process.
  OwnedFd OpenFile(LayerDirectory* directory, const std::string& name, const FileStatus& status, const char** step);

  // Returns whether a file of this directory is on another mount than the layer.
  static bool IsOnOtherMount(const LayerDirectory& directory, const FileStatus& status) {
    return status.mount_id != directory.mount_id_;
  }

 private:
  friend class LayerDirectoryRef;
  int Reopen(LayerDirectory* directory);
  OwnedFd OpenIn(int parent, const LayerDirectory& directory);
  void KeepOpen(LayerDirectory* directory, OwnedFd fd);
  void StopTracking(LayerDirectory* directory);
  void RemoveFromList(LayerDirectory* directory);
  void AddToFront(LayerDirectory* directory);

  bool has_devices_ =
      false;  // a device file can be opened in at least one layer, because the root of this layer is not a clone
  size_t open_ = 0;
  LayerDirectory *newest_ = nullptr, *oldest_ = nullptr;
};
