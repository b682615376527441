// Lists the Unix sockets that are bound to pathnames on one filesystem: sock_diag(7).

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engines/holders/proc.h"
#include "engines/holders/process_uses.h"
#include "kernel/owned_fd.h"

namespace {

struct Request {
  nlmsghdr header;
  unix_diag_req body;
};

// Decodes the kernel's internal device number (MKDEV): 12 bits of major and 20 bits of minor number.
std::string DeviceText(uint32_t device) {
  return std::to_string(device >> 20) + ":" + std::to_string(device & 0xfffff);
}

// Adds the socket that one message describes, if the socket's pathname is on the filesystem `device`.
void ReadSocket(const nlmsghdr* header, std::string_view device, std::vector<BoundSocket>* sockets) {
  const auto* message = static_cast<const unix_diag_msg*>(NLMSG_DATA(header));
  int rest = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
  BoundSocket found{message->udiag_ino, {}};
  bool is_on_device = false;
  for (const auto* at = reinterpret_cast<const rtattr*>(message + 1); RTA_OK(at, rest); at = RTA_NEXT(at, rest)) {
    if (at->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(at) >= sizeof(unix_diag_vfs)) {
      unix_diag_vfs location;
      memcpy(&location, RTA_DATA(at), sizeof location);
      is_on_device = DeviceText(location.udiag_vfs_dev) == device;
    }
    if (at->rta_type == UNIX_DIAG_NAME) {
      const auto* name = static_cast<const char*>(RTA_DATA(at));
      found.name.assign(name, strnlen(name, RTA_PAYLOAD(at)));
    }
  }
  if (is_on_device) sockets->push_back(std::move(found));
}

}  // namespace

std::vector<BoundSocket> SocketsOn(std::string_view device) {
  std::vector<BoundSocket> sockets;
  const OwnedFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (proc::Failed(!netlink)) return sockets;
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = AF_UNIX;
  request.body.udiag_states = ~0u;
  request.body.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS;
  if (proc::Failed(send(netlink.get(), &request, sizeof request, 0) < 0)) return sockets;
  alignas(nlmsghdr) char buffer[16 * 1024];
  for (;;) {
    const ssize_t length = recv(netlink.get(), buffer, sizeof buffer, 0);
    if (length < 0 && errno == EINTR) continue;
    if (proc::Failed(length < 0) || length == 0) return sockets;
    auto rest = static_cast<unsigned>(length);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(at, rest); at = NLMSG_NEXT(at, rest)) {
      if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR) return sockets;
      if (at->nlmsg_type == SOCK_DIAG_BY_FAMILY) ReadSocket(at, device, &sockets);
    }
  }
}
