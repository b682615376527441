#pragma once

#include <napi.h>

#include "kernel/owned_fd.h"

// A file descriptor that JavaScript owns: an opaque object which closes it when it is told to, when it is garbage, and
// when its worker or the process ends. To close the last descriptor of a mount without a place takes the mount down,
// which may wait: that is done on a thread of ours.
namespace descriptor {

Napi::Value New(napi_env env, OwnedFd fd);

// Another descriptor for the same, or none and why: EBADF when it is closed, EMFILE when there are too many. False if
// the value is no such object.
bool Duplicate(napi_env env, napi_value value, OwnedFd* fd, int* error);
bool Is(napi_env env, napi_value value);

// JavaScript: descriptorNumber(object), -1 when it is closed.
Napi::Value Number(const Napi::CallbackInfo& info);

// JavaScript: takes the descriptor out of the object, which is closed from then on.
OwnedFd Take(napi_env env, napi_value value);

}  // namespace descriptor
