// Arguments: reads the arguments of a native call, one after the other, into native types.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/owned_fd.h"
#include "napi/cancellation.h"
#include "threads/namespace_file.h"

// lib/ has checked the arguments before, with better messages. The addon checks them again, because any program can
// load the addon without lib/. A wrong argument leaves a pending TypeError or RangeError with the code that Node.js
// uses, and every later read does nothing.
//
// Bytes are copied before they are checked, because another thread may change a SharedArrayBuffer at any time.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);

  // Reads a string or Uint8Array without NUL bytes.
  Arguments& Bytes(const char* name, std::string* bytes);
  // Reads a string, a Uint8Array or null. Null is distinct from "", because some filesystems accept only one of them as
  // option data.
  Arguments& OptionalBytes(const char* name, std::optional<std::string>* bytes);
  // Reads an array of strings or Uint8Arrays.
  Arguments& BytesList(const char* name, std::vector<std::string>* list);
  // Reads an unsigned integer of 32 bits. mount(2) has 32 flags on every architecture.
  Arguments& Flags(const char* name, unsigned long* flags);
  Arguments& Boolean(const char* name, bool* value);
  // Reads an unsigned bigint of 64 bits, or null.
  Arguments& OptionalId(const char* name, std::optional<uint64_t>* id);
  // Reads a namespace: null for the namespace of the process, the number of a file descriptor, or the path of its file.
  Arguments& Namespace(const char* name, NamespaceFile* file);
  // Reads an object of newCancellation(), or null.
  Arguments& TakeCancellation(const char* name, Cancellation* cancellation);
  // Reads a descriptor object (napi/descriptor.h) and duplicates its file descriptor. `error` is EBADF if the object is
  // closed.
  Arguments& Descriptor(const char* name, OwnedFd* fd, int* error);
  // Reads a descriptor object or null, as Descriptor does. `is_given` is false for null.
  Arguments& OptionalDescriptor(const char* name, OwnedFd* fd, int* error, bool* is_given);
  // Reads a descriptor object and moves its file descriptor to `fd`. The object is closed from then on.
  Arguments& TakeDescriptor(const char* name, OwnedFd* fd);
  // Reads an object that this addon has created with the given tag (napi/tagged_object.h).
  Arguments& Wrapped(const char* name, const napi_type_tag& tag, void** native);
  Arguments& Function(const char* name, Napi::FunctionReference* function);

  bool ok() const { return ok_; }

 private:
  static constexpr size_t kMaxArguments = 32;

  Napi::Value Peek() const { return {env_, next_ < kMaxArguments ? values_[next_] : nullptr}; }
  Napi::Value Next() {
    const Napi::Value value = Peek();
    ++next_;
    return value;
  }
  bool ReadString(const char* name, napi_value value, std::string* bytes);
  bool ReadTypedArray(const char* name, napi_value value, std::string* bytes);
  bool WithoutNul(const char* name, const std::string& bytes);
  void WrongType(const char* name, const char* expected);
  void WrongValue(const char* name, const char* why);

  // An array on the stack: Napi::CallbackInfo allocates memory for more than six arguments.
  napi_env env_;
  napi_value values_[kMaxArguments];
  size_t next_ = 0;
  bool ok_ = true;
};
