// The uses that one process makes of a mount: its directories, executable, open files, Unix sockets and mapped files.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct ProcessUse {
  pid_t process;
  std::string command;  // the process's name, from proc::CommandOf
  const char* how;      // how the process uses the mount: "cwd", "root", "executable", "file", "socket" or "mapped"
  int fd;               // the descriptor of an open file or a socket; -1 for any other use
  std::string path;
  bool by_device;  // only the device matched, so the use may be of another mount of the same filesystem
};

// A Unix socket that is bound to a pathname. The socket keeps the mount of its pathname busy (net/unix/af_unix.c,
// unix_bind_bsd), and no link in /proc leads from a process to this mount.
struct BoundSocket {
  uint64_t inode;    // the number in "socket:[inode]", the text of the link /proc/PID/fd/FD
  std::string name;  // the pathname as the process passed it to bind(2), so it may be relative
};

// Returns the Unix sockets of this network namespace that are bound to pathnames on the filesystem `device`, which is
// "major:minor", by sock_diag(7). Returns none when the kernel has no CONFIG_UNIX_DIAG. unix_sockets.cc implements
// this function.
std::vector<BoundSocket> SocketsOn(std::string_view device);

// The mounts whose uses FindUses looks for.
struct WantedMounts {
  std::vector<uint64_t> ids;         // the mount IDs of the mount table, in ascending order
  std::string device;                // the device number "major:minor" of the filesystem
  std::vector<BoundSocket> sockets;  // the sockets that are bound to pathnames on this filesystem
  bool has_own_devices;  // a memory map may show another device for a file on the mount, as for files on overlayfs
};

// Adds all uses of the wanted mounts by one process to `uses`.
//
// Directories and open files are matched by mount ID, because the kernel reports the mount of each of them. Mapped
// files are matched by mount ID where the kernel lets this process follow /proc/PID/map_files (CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE in the initial user namespace), and by device otherwise. Sockets are always matched by device.
//
// Threads can have directories of their own (unshare(CLONE_FS)), so this function checks each thread of the process,
// but not the calling thread.
//
// Returns false when a part of the process could not be examined: the process belongs to another user, or the
// process is in uninterruptible sleep. A process that has ended has no uses, and the function returns true.
bool FindUses(pid_t process, const WantedMounts& wanted, std::vector<ProcessUse>* uses);
