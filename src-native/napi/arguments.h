#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/owned_fd.h"
#include "napi/cancellation.h"
#include "threads/namespace_file.h"

// Reads the arguments of a call, one after the other, into bytes and integers of our own. The typed floor (lib/) has
// checked them before and explains better; here is the gate that nothing passes all the same, since anyone can load
// the addon. On the first wrong one a TypeError or RangeError with Node's code is pending, and every later read does
// nothing.
//
// Bytes are copied before they are looked at, so that nobody can change them in between (SharedArrayBuffer).
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);

  // A string or Uint8Array without a NUL.
  Arguments& Bytes(const char* name, std::string* bytes);
  // The same, or null. Null and "" stay apart: some filesystems take only one of them for option data.
  Arguments& OptionalBytes(const char* name, std::optional<std::string>* bytes);
  // An array of these.
  Arguments& BytesList(const char* name, std::vector<std::string>* list);
  // An integer of 32 bits: mount(2) has 32 flags, on every architecture.
  Arguments& Flags(const char* name, unsigned long* flags);
  Arguments& Boolean(const char* name, bool* value);
  // A bigint of 64 bits, or null.
  Arguments& OptionalId(const char* name, std::optional<uint64_t>* id);
  // A namespace: null for none, the number of a descriptor, or the path of its file.
  Arguments& Namespace(const char* name, NamespaceFile* file);
  // A cancellation, or null.
  Arguments& TakeCancellation(const char* name, Cancellation* cancellation);
  // A descriptor (napi/descriptor.h), of which a copy is made; none when it is closed.
  Arguments& Descriptor(const char* name, OwnedFd* fd, int* error);
  // The same, or null.
  Arguments& OptionalDescriptor(const char* name, OwnedFd* fd, int* error, bool* is_given);
  // A descriptor, which is taken out of its object.
  Arguments& TakeDescriptor(const char* name, OwnedFd* fd);
  // An object with something native in it, made and tagged by us.
  Arguments& Wrapped(const char* name, const napi_type_tag& tag, void** native);
  Arguments& Function(const char* name, Napi::FunctionReference* function);

  bool ok() const { return ok_; }

 private:
  static constexpr size_t kMost = 32;

  Napi::Value Peek() const { return {env_, next_ < kMost ? values_[next_] : nullptr}; }
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

  // On the stack: Napi::CallbackInfo allocates where there are more than six.
  napi_env env_;
  napi_value values_[kMost];
  size_t next_ = 0;
  bool ok_ = true;
};
