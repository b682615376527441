// Creates user namespaces by child processes, for idmapped mounts and for the trial mount of overlaySupport().
#pragma once

#include <string>

#include "kernel/owned_fd.h"

namespace user_namespace {

// A Trial is the result of a mount inside a new user namespace. If the namespace could not be created, `fd` is empty,
// and the error is that of clone(2) or of the open(2) or write(2) of a file in /proc/PID.
struct Trial {
  OwnedFd fd;  // The open user namespace, for mount_setattr(2).
  int error = 0;
  const char* syscall = nullptr;
};

// Creates a user namespace whose root is the effective user of the process, and a mount namespace that belongs to this
// user namespace. Mounts a tmpfs with the directories "a", "b" and "m" inside, and then a filesystem with the given
// type and data at "m".
//
// unshare(CLONE_NEWUSER) fails in a process with several threads, so this function starts a child process and waits
// until the child has ended. The child has no exit signal: the kernel sends no SIGCHLD, and only a wait for clone
// children (__WALL) can see the child. The children that libuv and other code wait for are not disturbed.
Trial Mount(const char* type, const char* data);

struct Made {
  OwnedFd fd;
  int error = 0;
  const char* syscall = nullptr;
};

// Creates a user namespace with ID mappings, which are lines "inside outside count" for uid_map and gid_map
// (user_namespaces(7)). This function too starts a child process, which has ended when the function returns. A mapping
// of IDs other than those of the process needs CAP_SETUID and CAP_SETGID.
Made Make(const std::string& uid_lines, const std::string& gid_lines);

// Reports whether the process is in a user namespace other than the initial one.
bool IsInside();

}  // namespace user_namespace
