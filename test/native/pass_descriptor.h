// Sends and receives a descriptor over a socket, as a message of sendmsg(2) and recvmsg(2) with SCM_RIGHTS.
#pragma once

#include <string.h>
#include <sys/socket.h>

// The only sender runs under the filter of inject.c; the receiver does not.
struct passing {
  char byte;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } space;
  struct iovec part;
  struct msghdr message;
};

static struct msghdr* message_of(struct passing* passing) {
  passing->part = (struct iovec){&passing->byte, 1};
  passing->message = (struct msghdr){.msg_iov = &passing->part,
                                     .msg_iovlen = 1,
                                     .msg_control = passing->space.bytes,
                                     .msg_controllen = sizeof passing->space};
  return &passing->message;
}

static int send_descriptor(int socket, int fd) {
  struct passing passing = {0};
  struct msghdr* message = message_of(&passing);
  struct cmsghdr* header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, message, 0) == 1 ? 0 : -1;
}

static int receive_descriptor(int socket) {
  int fd;
  struct passing passing = {0};
  struct msghdr* message = message_of(&passing);
  if (recvmsg(socket, message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(message) == NULL) return -1;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof fd);
  return fd;
}
