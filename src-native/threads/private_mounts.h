#pragma once

#include "kernel/owned_fd.h"

// A mount namespace of the calling thread's own, in which it may mount what nobody else sees. For threads that end
// afterwards. It is left when this goes out of scope: the copies of all mounts that are in it are gone then, and keep
// nothing in use any more, as they would for a moment longer if only the thread ended.
class PrivateMounts {
 public:
  PrivateMounts() = default;
  PrivateMounts(const PrivateMounts&) = delete;
  PrivateMounts& operator=(const PrivateMounts&) = delete;
  ~PrivateMounts() { Leave(); }

  // 0 or errno. The root and the working directory are the same directories as before, in the copy.
  int Enter();
  // The same; back to the namespace, the root and the working directory that Enter came from. ENOENT when there was no
  // /proc to find the way back.
  int Leave();

 private:
  OwnedFd home_, root_, directory_;
  bool is_in_ = false;
};

// A tmpfs that no path leads to, and the descriptor of its root. For who is in a namespace of its own. 0 or errno.
int MountPrivateTmpfs(OwnedFd* memory);
