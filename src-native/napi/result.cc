// Converts the results of native calls to JavaScript values.
#include "napi/result.h"

#include "napi/descriptor.h"

namespace {

napi_value BytesOrNull(Napi::Env env, const std::string& bytes) {
  if (bytes.empty()) return env.Null();
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

}  // namespace

napi_value Outcome::ToValue(napi_env raw_env) const {
  const Napi::Env env(raw_env);
  if (!Failed() && strategy == 0) return mount_id == 0 ? env.Undefined() : Napi::BigInt::New(env, mount_id);
  Napi::Object object = Napi::Object::New(env);
  object.Set("mountId", Napi::BigInt::New(env, mount_id));
  if (!Failed()) {
    object.Set("strategy", strategy);
    return object;
  }
  object.Set("error", error);
  object.Set("syscall", syscall);
  object.Set("step", step);
  object.Set("left", left);
  object.Set("index", index);
  object.Set("log", BytesOrNull(env, log));
  object.Set("other", BytesOrNull(env, other));
  object.Set("leftMade", BytesOrNull(env, left_made));
  return object;
}

napi_value MountResult::ToValue(Napi::Env env) {
  const napi_value value = outcome.ToValue(env);
  if (tree) Napi::Object(env, value).Set("tree", descriptor::New(env, std::move(tree)));
  return value;
}
