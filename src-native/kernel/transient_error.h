#pragma once

#include <errno.h>

// Whether an error says nothing about what was looked at, as the process or the machine is short of something just now.
// What is looked at before a mount must not be taken for absent then.
inline bool IsTransient(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR || error == EAGAIN;
}
