#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engines/holders/unix_sockets.h"

// How processes use mounts.

struct ProcessUse {
  pid_t process;
  const char* how;  // "cwd", "root", "executable", "file", "socket" or "mapped"
  int fd;           // of a file or socket; -1 otherwise
  std::string path;
  bool by_device;  // not known to be this mount, only to be its filesystem
};

// The mounts in question.
struct WantedMounts {
  std::vector<uint64_t> ids;         // as in the mount table, ascending
  std::string device;                // "major:minor" of their filesystem
  std::vector<BoundSocket> sockets;  // that are bound to names on it
  bool has_own_devices;  // whether files on it may show another device in a memory map, as those of overlayfs do
};

// Adds all uses of these mounts by a process: by mount id, of which the kernel keeps one to each directory and open
// file; mapped files too where the kernel lets this process ask (CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the first
// user namespace), and by device otherwise; sockets that are bound to a name always by device. False when not all could
// be looked at: the process is another user's, or is stuck. A process that has ended uses nothing.
//
// Threads may have directories of their own (unshare(CLONE_FS)), all of them are asked but the calling one.
bool FindUses(pid_t process, const WantedMounts& wanted, std::vector<ProcessUse>* uses);
