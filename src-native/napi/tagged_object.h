// Opaque JavaScript objects that own a native object. A type tag identifies the class of the native object.
#pragma once

#include <napi.h>

// Without the tag, JavaScript could pass a wrapped object of another class or another addon, and the addon would use
// the memory of this object as the wrong type.
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
  // Node-API fails here only in an environment that is about to end, and no JavaScript code sees the returned value.
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

// Returns the native object, or null if the value is no object with this tag.
template <typename T>
T* Get(napi_env env, const napi_type_tag& tag, napi_value value) {
  bool has_tag = false;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &has_tag) != napi_ok || !has_tag) return nullptr;
  void* native = nullptr;
  return napi_unwrap(env, value, &native) == napi_ok ? static_cast<T*>(native) : nullptr;
}

}  // namespace tagged_object
