#pragma once

#include "owned_fd.h"

// A mount namespace of the calling thread's own, in which it may mount what nobody else sees. For threads that end
// afterwards, or go back to where they were.
namespace private_mounts {

// 0 or errno. The working directory and the root are the same directories as before, in the copy.
int Enter();

// A tmpfs that no path leads to, and the descriptor of its root. 0 or errno.
int MakeMemory(OwnedFd* memory);

}  // namespace private_mounts
