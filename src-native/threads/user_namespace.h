#pragma once

#include <string>

#include "kernel/owned_fd.h"

namespace user_namespace {

// What came of a mount inside a new user namespace. Where the namespace itself could not be made, `fd` is empty and the
// error is that of clone(2), or of the file in /proc that was written or opened.
struct Trial {
  OwnedFd fd;  // the namespace, for mount_setattr(2)
  int error = 0;
  const char* syscall = nullptr;
};

// Makes a user namespace in which root is who asks, and a mount namespace that it owns, and mounts a filesystem of that
// type and data there, over a tmpfs of its own that has directories "a", "b" and "m"; the mount point is "m".
//
// unshare(CLONE_NEWUSER) fails in a process of several threads, so this needs a child, which is gone when the call
// returns. It has no exit signal: SIGCHLD is never sent for it, and only a wait for clone children (__WALL) can see it,
// so neither libuv nor anybody else who waits for children of theirs is disturbed.
Trial Mount(const char* type, const char* data);

struct Made {
  OwnedFd fd;
  int error = 0;
  const char* syscall = nullptr;
};

// A user namespace with these mappings, lines "inside outside count" each (uid_map and gid_map of
// user_namespaces(7)). It is made by a child as above, which has ended when the call returns. To map more than one's
// own id needs CAP_SETUID and CAP_SETGID.
Made Make(const std::string& uid_lines, const std::string& gid_lines);

// Whether the process is in a user namespace other than the first one.
bool IsInside();

}  // namespace user_namespace
