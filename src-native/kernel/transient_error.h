// The errnos that report a temporary condition of the process or machine instead of a fact about the file or mount.
#pragma once

#include <errno.h>

// Reports whether an errno means that the process or the machine has run out of a resource.
inline bool IsShortage(int error) {
  switch (error) {
    case EMFILE:   // The process has too many open files.
    case ENFILE:   // The system has too many open files.
    case ENOMEM:   // The kernel has no memory.
    case ENOBUFS:  // A socket has no buffer space: netlink(7).
      return true;
    default:
      return false;
  }
}

// Reports whether the same call may succeed when it is repeated. A caller that examines a path before a mount must not
// conclude from such an errno that the path is absent or that nothing is mounted at the path.
//
// EIO is absent from the list because a broken device or a lost server is not temporary. EBUSY and ESTALE are absent
// because they describe the file or mount.
inline bool IsTransient(int error) {
  switch (error) {
    case EINTR:   // A signal interrupted the call.
    case EAGAIN:  // The kernel could not complete the call now, for example openat2(2) during a concurrent rename.
      return true;
    default:
      return IsShortage(error);
  }
}
