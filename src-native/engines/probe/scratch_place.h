#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "kernel/owned_fd.h"
#include "threads/private_mounts.h"

// A place to try things in that nobody else sees, for a thread that ends afterwards: a mount namespace of the thread's
// own, a tmpfs in it, and a directory made for this in the directory that is asked about. All that is made through
// Made() is removed by Leave(), the last first.
class ScratchPlace {
 public:
  enum Where {
    kDirectory,  // the directory that is asked about
    kPlace,      // the one made in it
    kMemory,     // the tmpfs
  };

  // The working directory, which must be the thread's own, is the directory that is asked about.
  void Enter();

  // 0, or why that is not there; the working directory stays where it is then.
  int Go(Where where);

  // Whether mounts are seen by this thread alone. If not, none may be made.
  bool IsPrivate() const { return private_error_ == 0; }
  int private_error() const { return private_error_; }
  int place_error() const { return place_error_; }
  dev_t device() const { return device_; }

  void MadeMount(const char* path) { journal_.push_back({where_, true, path}); }
  void MadeName(const char* path) { journal_.push_back({where_, false, path}); }
  // The mount at this path has been taken down by whoever made it.
  void Unmounted(const char* path);

  // 0, or why `left`, a name in the directory, could not be removed.
  int Leave(std::string* left);

 private:
  struct Entry {
    Where where;
    bool is_mount;
    std::string path;
  };

  void MakePlace();
  void Undo(const Entry& entry);
  void Empty(int parent, const char* name, int depth) const;

  PrivateMounts mounts_;
  OwnedFd directory_, place_, memory_;
  dev_t device_ = 0;
  std::string name_;  // of the place
  std::vector<Entry> journal_;
  Where where_ = kDirectory;
  int private_error_ = 0, memory_error_ = 0, place_error_ = 0;
};
