// Looks up paths with restrictions on symbolic links: openat2(2), or an emulation of openat2(2).
#pragma once

#include <string>

#include "kernel/owned_fd.h"

namespace lookup {

// Opens `path` with O_PATH and follows no symbolic link in it: openat2(2), or name by name where openat2(2) is missing
// (before 5.6) or a sandbox denies the call. `from` is the directory where `path` starts, or AT_FDCWD for an absolute
// path. The function sets errno if the result is empty: ELOOP if a component of the path is a symbolic link.
OwnedFd WithoutLinks(int from, const std::string& path);

// Emulates openat2(2) with RESOLVE_IN_ROOT for kernels (before 5.6) and sandboxes without that call. This function
// opens one name after the other, reads symbolic links itself, and resolves ".." to the directory that it opened
// before. The function sets errno if the result is empty.
//
// The emulation is weaker than the kernel's lookup: while another process renames directories, this function may find
// an entry at its old path, and may find a directory that has just been moved out of the root. So only a caller who
// asks for the emulation gets it.
OwnedFd InRoot(int root, const std::string& path, bool no_symlinks, bool no_xdev);

}  // namespace lookup

// A path split into an open parent directory and the last name.
//
// umount2(2) takes only a path, and the path from the mount table leads to a different mount as soon as somebody
// replaces one of its directories by a symbolic link. The kernel looks up the path of a PinnedPath from the open parent
// directory, so no symbolic link can redirect the unmount.
class PinnedPath {
 public:
  // Opens the parent directory of an absolute path without symbolic links, as the mount table and /proc/self/fd show
  // paths. Returns 0 or an errno: ELOOP if a directory in the path is a symbolic link by now.
  int Open(const std::string& path);

  // The path for calls that do not follow a symbolic link in the last component.
  std::string Path() const;

  // Opens the entry at the path with O_PATH: the root of the topmost mount at the path, or a symbolic link itself. The
  // function sets errno if the result is empty.
  OwnedFd OpenEntry() const;

 private:
  OwnedFd parent_;
  std::string name_;
};
