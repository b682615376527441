#pragma once

#include <string>

#include "kernel/owned_fd.h"

namespace walk {

// Opens what a path leads to that has no links, from `from` on (AT_FDCWD: of an absolute one), as a place only. ELOOP
// where there is one by now.
OwnedFd WithoutLinks(int from, const std::string& path);

// What openat2(2) does with RESOLVE_IN_ROOT, for kernels and sandboxes that do not have it (before 5.6): step by step
// and by descriptor, links read and followed here, ".." answered from the way that was come. What is renamed meanwhile
// may be found where it was, and a directory that is moved out of the root meanwhile is still found: hence only for who
// asks for it. None, and errno, when it leads nowhere.
OwnedFd InRoot(int root, const std::string& path, bool no_symlinks, bool no_xdev);

}  // namespace walk
