// The scratch space: private directories and mounts in which a program of trial system calls runs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "kernel/owned_fd.h"
#include "threads/private_mounts.h"

// A scratch space consists of a mount namespace that only the calling thread is in, a tmpfs in this namespace, and a
// scratch directory inside the examined directory. The thread must end after Leave().
//
// The caller records each mount and file that it makes by AddMount() and AddFile(). Leave() removes the recorded mounts
// and files in reverse order.
class ScratchSpace {
 public:
  enum Where {
    kExamined,  // the directory whose filesystem is examined
    kScratch,   // the scratch directory inside the examined directory
    kTmpfs,     // the root of the tmpfs
  };

  // Makes the scratch space. The examined directory is the working directory, which must belong to this thread alone.
  void Enter();

  // Changes the working directory to `where`. Returns 0, or an errno if `where` does not exist; the working directory
  // is then unchanged.
  int Go(Where where);

  // Returns whether this thread has a mount namespace of its own. Without one the caller must not mount.
  bool IsPrivate() const { return private_error_ == 0; }
  int private_error() const { return private_error_; }
  int scratch_error() const { return scratch_error_; }
  // The device number of the examined directory.
  dev_t device() const { return device_; }

  // These functions record that the caller mounted at `path`, made a file or directory at `path`, and unmounted the
  // mount at `path`. Each path is relative to the directory of the last Go().
  void AddMount(const char* path) { entries_.push_back({where_, true, path}); }
  void AddFile(const char* path) { entries_.push_back({where_, false, path}); }
  void RemoveMount(const char* path);

  // Removes the recorded mounts and files and the scratch directory, and leaves the mount namespace. Returns 0, or an
  // errno if the scratch directory could not be removed; `left` is then the name of the scratch directory.
  int Leave(std::string* left);

 private:
  struct Entry {
    Where where;
    bool is_mount;
    std::string path;
  };

  void MakeScratchDirectory();
  void Undo(const Entry& entry);
  void Empty(int parent, const char* name, int depth) const;

  PrivateMounts mounts_;
  OwnedFd examined_, scratch_, tmpfs_;
  dev_t device_ = 0;
  std::string name_;  // the name of the scratch directory; empty when no scratch directory was made
  std::vector<Entry> entries_;
  Where where_ = kExamined;
  int private_error_ = 0, tmpfs_error_ = 0, scratch_error_ = 0;
};
