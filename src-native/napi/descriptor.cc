// Creates descriptor objects, and duplicates, moves and closes their file descriptors.
#include "napi/descriptor.h"

#include <errno.h>

#include <memory>

#include "kernel/calls.h"
#include "napi/tagged_object.h"
#include "threads/pool.h"

namespace descriptor {
namespace {

constexpr napi_type_tag kTag{0x6c696e75782d6d6f, 0x6465736372697000};

void Finalize(OwnedFd* fd) {
  const std::unique_ptr<OwnedFd> owner(fd);
  if (*owner) threads::DestroyOnThread(std::move(*owner));
}

}  // namespace

Napi::Value New(napi_env env, OwnedFd fd) {
  return tagged_object::New(env, kTag, new OwnedFd(std::move(fd)), Finalize);
}

bool Duplicate(napi_env env, napi_value value, OwnedFd* fd, int* error) {
  const auto* owned = tagged_object::Get<OwnedFd>(env, kTag, value);
  if (owned == nullptr) return false;
  // fcntl(2) fails with EBADF if the object is closed, because its descriptor is then -1.
  *fd = OwnedFd(kernel::Duplicate(owned->get()));
  *error = *fd ? 0 : errno;
  return true;
}

bool Is(napi_env env, napi_value value) { return tagged_object::Get<OwnedFd>(env, kTag, value) != nullptr; }

Napi::Value Number(const Napi::CallbackInfo& info) {
  const auto* owned = tagged_object::Get<OwnedFd>(info.Env(), kTag, info[0]);
  return Napi::Number::New(info.Env(), owned == nullptr ? -1 : owned->get());
}

OwnedFd Take(napi_env env, napi_value value) {
  auto* owned = tagged_object::Get<OwnedFd>(env, kTag, value);
  return owned == nullptr ? OwnedFd() : std::move(*owned);
}

}  // namespace descriptor
