#pragma once

#include <napi.h>

// Objects of JavaScript that stand for something native: opaque, and told apart by a tag, so that no other object can
// pass for one.
namespace tagged_object {

template <typename T>
Napi::Value New(napi_env env, const napi_type_tag& tag, T* native, void (*finalize)(T*)) {
  struct Hint {
    void (*finalize)(T*);
  };
  napi_value object;
  auto* hint = new Hint{finalize};
  const auto finalizer = [](napi_env, void* data, void* given) {
    auto* const hint = static_cast<Hint*>(given);
    hint->finalize(static_cast<T*>(data));
    delete hint;
  };
  // Fails only in an environment that is on its way out, where nobody is left to see what it returns.
  if (napi_create_object(env, &object) != napi_ok) {
    finalizer(env, native, hint);
    return {};
  }
  if (napi_wrap(env, object, native, finalizer, hint, nullptr) != napi_ok) {
    finalizer(env, native, hint);
  } else {
    napi_type_tag_object(env, object, &tag);
  }
  return {env, object};
}

// Null when the value is none of these.
template <typename T>
T* Get(napi_env env, const napi_type_tag& tag, napi_value value) {
  bool is_one = false;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &is_one) != napi_ok || !is_one) return nullptr;
  void* native = nullptr;
  return napi_unwrap(env, value, &native) == napi_ok ? static_cast<T*>(native) : nullptr;
}

}  // namespace tagged_object
