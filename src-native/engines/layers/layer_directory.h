#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "kernel/file_status.h"
#include "kernel/owned_fd.h"

// Directories of layers, each known by the one that it is in and its name there, so that it can be opened again: a tree
// may be deeper than a path may be long, and than a process may have descriptors.
//
// Everything is looked up by one name in an open directory, links are never followed, and a directory that is opened
// again must be the one that it was (device and inode), so that whatever is exchanged meanwhile, no way leads out of
// the layer. Nothing here is locked: one thread at a time.
class LayerDirectory {
 public:
  const LayerDirectory* parent() const { return parent_; }
  const std::string& name() const { return name_; }
  // 0 is the upper layer, 1 the topmost lower one, and so on.
  uint32_t layer() const { return layer_; }
  bool IsSame(const LayerDirectory& other) const {
    return layer_ == other.layer_ && inode_ == other.inode_ && device_ == other.device_;
  }

 private:
  friend class LayerDirectoryRef;
  friend class OpenDirectories;
  LayerDirectory() = default;

  size_t holders_ = 0;
  LayerDirectory* parent_ = nullptr;  // held; null of a layer's root
  std::string name_;
  uint32_t layer_ = 0;
  uint64_t device_ = 0, inode_ = 0, mount_id_ = 0;
  class OpenDirectories* owner_ = nullptr;
  OwnedFd fd_;  // O_PATH
  LayerDirectory *newer_ = nullptr, *older_ = nullptr;
};

class LayerDirectoryRef {
 public:
  LayerDirectoryRef() = default;
  explicit LayerDirectoryRef(LayerDirectory* directory) : directory_(directory) {
    if (directory_ != nullptr) ++directory_->holders_;
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

// The directories that are open. Must outlive all that it has made.
class OpenDirectories {
 public:
  OpenDirectories() = default;
  OpenDirectories(const OpenDirectories&) = delete;
  OpenDirectories& operator=(const OpenDirectories&) = delete;

  // The root of a layer, for good: as a mount of its own where that can be had, so that what is mounted below is not
  // seen, as overlayfs sees none of it (clone_private_mount, fs/namespace.c), and in which no device can be opened.
  // Null, errno and `syscall` if that fails.
  LayerDirectoryRef OpenRoot(const std::string& path, uint32_t layer, const char** syscall);

  // A directory that ReadStatus has found. It is opened when it is needed.
  LayerDirectoryRef Add(LayerDirectory* parent, std::string name, const FileStatus& status);

  // Its descriptor, open until some hundred others were asked for; -1 and errno. ESTALE: it is another than it was.
  int Fd(LayerDirectory* directory);

  // Opens a regular file to read it, and nothing else: whoever may change a layer may put a device in its place at any
  // time, of which some do things when they are opened. ESTALE: it is another than it was. `step` changes where it
  // failed as this process is not in /proc.
  OwnedFd OpenFile(LayerDirectory* directory, const std::string& name, const FileStatus& status, const char** step);

  // Whether a name in this directory, with this status, is on another mount than the layer.
  static bool IsElsewhere(const LayerDirectory& directory, const FileStatus& status) {
    return status.mount_id != directory.mount_id_;
  }

 private:
  friend class LayerDirectoryRef;
  int OpenAgain(LayerDirectory* directory);
  OwnedFd OpenIn(int parent, const LayerDirectory& directory);
  void Keep(LayerDirectory* directory, OwnedFd fd);
  void Forget(LayerDirectory* directory);
  void Unlink(LayerDirectory* directory);
  void Front(LayerDirectory* directory);

  bool has_devices_ = false;  // whether one could be opened in some layer
  size_t open_ = 0;
  LayerDirectory *newest_ = nullptr, *oldest_ = nullptr;
};
