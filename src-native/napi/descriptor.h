// Descriptor objects: opaque JavaScript objects that own one file descriptor of a detached mount.
#pragma once

#include <napi.h>

#include "kernel/owned_fd.h"

// The object closes its descriptor when JavaScript calls close(), when the object is garbage-collected, and when its
// environment ends. The finalizer closes the descriptor on a pool thread, because close(2) of the last descriptor of a
// detached mount unmounts the filesystem and may block.
namespace descriptor {

Napi::Value New(napi_env env, OwnedFd fd);

// Duplicates the descriptor of an object. `error` is EBADF if the object is closed, and EMFILE if the process has too
// many open files. Returns false if the value is no descriptor object.
bool Duplicate(napi_env env, napi_value value, OwnedFd* fd, int* error);
bool Is(napi_env env, napi_value value);

// JavaScript: descriptorNumber(object) returns the number of the file descriptor, or -1 if the object is closed.
Napi::Value Number(const Napi::CallbackInfo& info);

// Moves the descriptor out of the object, which is closed from then on.
OwnedFd Take(napi_env env, napi_value value);

}  // namespace descriptor
