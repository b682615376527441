#include "napi/mount_result.h"

#include "napi/descriptor.h"

napi_value MountResult::ToValue(Napi::Env env) {
  const napi_value value = outcome.ToValue(env);
  if (tree) Napi::Object(env, value).Set("tree", descriptor::New(env, std::move(tree)));
  return value;
}
