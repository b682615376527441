// PrivateMounts: a temporary mount namespace for one thread, and a tmpfs inside it that no path leads to.
#pragma once

#include "kernel/owned_fd.h"

// A copy of the calling thread's mount namespace, in which the thread mounts what no other thread sees. The destructor
// of PrivateMounts returns to the original mount namespace, and the kernel then unmounts the copies. If the thread only
// ended, it would leave the copies mounted for a moment longer, and the copies would keep their filesystems in use.
class PrivateMounts {
 public:
  PrivateMounts() = default;
  PrivateMounts(const PrivateMounts&) = delete;
  PrivateMounts& operator=(const PrivateMounts&) = delete;
  ~PrivateMounts() { Leave(); }

  // Creates and enters the mount namespace. The root and working directory stay the same directories, on the copies of
  // their mounts. Returns 0 or an errno.
  int Enter();
  // Returns to the mount namespace, root and working directory that the thread had before Enter. Returns 0 or an errno,
  // ENOENT if Enter could not open /proc/thread-self/ns/mnt because /proc is missing.
  int Leave();

 private:
  OwnedFd original_namespace_, root_, directory_;
  bool is_inside_ = false;
};

// Mounts a tmpfs that no path leads to, and opens its root directory. The caller must be inside PrivateMounts. Returns
// 0 or an errno.
int MountPrivateTmpfs(OwnedFd* tmpfs);
