#include "kernel/outcome.h"

namespace {

napi_value OrNull(Napi::Env env, const std::string& bytes) {
  if (bytes.empty()) return env.Null();
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

}  // namespace

napi_value Outcome::ToValue(Napi::Env env) const {
  if (!Failed() && way == 0) return mount_id == 0 ? env.Undefined() : Napi::BigInt::New(env, mount_id);
  Napi::Object object = Napi::Object::New(env);
  object.Set("mountId", Napi::BigInt::New(env, mount_id));
  if (!Failed()) {
    object.Set("way", way);
    return object;
  }
  object.Set("error", error);
  object.Set("syscall", syscall);
  object.Set("step", step);
  object.Set("left", left);
  object.Set("index", index);
  object.Set("log", OrNull(env, log));
  object.Set("other", OrNull(env, other));
  object.Set("leftMade", OrNull(env, left_made));
  return object;
}
