#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A Unix socket that is bound to a name keeps the mount of that name busy (net/unix/af_unix.c, unix_bind_bsd), and no
// link in /proc leads there.
struct BoundSocket {
  uint64_t inode;    // as in "socket:[inode]" of /proc/PID/fd
  std::string name;  // as it was given to bind(2), so that it may be relative
};

// Those of this network namespace that are bound to names on a filesystem, "major:minor": sock_diag(7). Empty when the
// kernel does not tell (CONFIG_UNIX_DIAG).
std::vector<BoundSocket> SocketsOn(std::string_view device);
