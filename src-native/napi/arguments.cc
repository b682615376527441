// Reads arguments by Node-API and throws TypeError or RangeError with the codes of Node.js.
#include "napi/arguments.h"

#include <cstring>

#include "napi/descriptor.h"
#include "napi/tagged_object.h"

namespace {

// Most paths fit into the first buffer, and are then read by one call of Node-API.
constexpr size_t kFirstRead = 512;
// V8 writes whole characters only, so a truncated string may end up to three bytes before the end of the buffer.
constexpr size_t kLongestCharacter = 4;

void Throw(Napi::Error error, const char* code) {
  error.Set("code", code);
  error.ThrowAsJavaScriptException();
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kMaxArguments;
  // Node-API sets the values of missing arguments to undefined.
  napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
}

void Arguments::WrongType(const char* name, const char* expected) {
  ok_ = false;
  Throw(Napi::TypeError::New(env_, std::string("The \"") + name + "\" argument must be " + expected),
        "ERR_INVALID_ARG_TYPE");
}

void Arguments::WrongValue(const char* name, const char* why) {
  ok_ = false;
  Throw(Napi::TypeError::New(env_, std::string("The argument '") + name + "' " + why), "ERR_INVALID_ARG_VALUE");
}

bool Arguments::ReadString(const char* name, napi_value value, std::string* bytes) {
  char first[kFirstRead];
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, value, first, sizeof first, &length) != napi_ok) return false;
  if (length + kLongestCharacter < sizeof first) {
    bytes->assign(first, length);
  } else {
    napi_get_value_string_utf8(env_, value, nullptr, 0, &length);
    bytes->resize(length);  // std::string has one more byte for the NUL that Node-API writes.
    napi_get_value_string_utf8(env_, value, bytes->data(), length + 1, &length);
  }
  ok_ = WithoutNul(name, *bytes);
  return true;
}

bool Arguments::ReadTypedArray(const char* name, napi_value value, std::string* bytes) {
  bool is_typed_array = false;
  napi_is_typedarray(env_, value, &is_typed_array);
  if (!is_typed_array) return false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array) return false;
  if (length == 0) {
    napi_value buffer;
    bool detached = false;
    napi_get_typedarray_info(env_, value, nullptr, nullptr, nullptr, &buffer, nullptr);
    napi_is_detached_arraybuffer(env_, buffer, &detached);
    if (detached) {
      WrongValue(name, "must not be detached");
      return true;
    }
  } else {
    bytes->assign(static_cast<const char*>(data), length);
  }
  ok_ = WithoutNul(name, *bytes);
  return true;
}

bool Arguments::WithoutNul(const char* name, const std::string& bytes) {
  if (std::memchr(bytes.data(), 0, bytes.size()) == nullptr) return true;
  WrongValue(name, "must not contain null bytes");
  return false;
}

Arguments& Arguments::Bytes(const char* name, std::string* bytes) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  if (!ReadString(name, value, bytes) && !ReadTypedArray(name, value, bytes)) {
    WrongType(name, "a string or a Uint8Array");
  }
  return *this;
}

Arguments& Arguments::OptionalBytes(const char* name, std::optional<std::string>* bytes) {
  if (!ok_) return *this;
  if (Peek().IsNull()) {
    ++next_;
    return *this;
  }
  return Bytes(name, &bytes->emplace());
}

Arguments& Arguments::BytesList(const char* name, std::vector<std::string>* list) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  uint32_t length = 0;
  if (napi_get_array_length(env_, value, &length) != napi_ok) {
    WrongType(name, "an array");
    return *this;
  }
  for (uint32_t index = 0; ok_ && index < length; ++index) {
    Napi::HandleScope scope(env_);
    napi_value element;
    // napi_get_element fails with a pending exception if the element is a getter that throws.
    if (napi_get_element(env_, value, index, &element) != napi_ok) {
      ok_ = false;
      return *this;
    }
    list->emplace_back();
    if (!ReadString(name, element, &list->back()) && !ReadTypedArray(name, element, &list->back())) {
      WrongType(name, "an array of strings or Uint8Arrays");
    }
  }
  return *this;
}

Arguments& Arguments::Flags(const char* name, unsigned long* flags) {
  if (!ok_) return *this;
  double number = 0;
  if (napi_get_value_double(env_, Next(), &number) != napi_ok) {
    WrongType(name, "a number");
  } else if (!(number >= 0 && number <= UINT32_MAX && static_cast<double>(static_cast<uint32_t>(number)) == number)) {
    ok_ = false;
    Throw(Napi::RangeError::New(env_, std::string("The value of \"") + name +
                                          "\" is out of range. It must be an integer >= 0 and <= 4294967295"),
          "ERR_OUT_OF_RANGE");
  } else {
    *flags = static_cast<unsigned long>(number);
  }
  return *this;
}

Arguments& Arguments::Boolean(const char* name, bool* value) {
  if (!ok_) return *this;
  if (napi_get_value_bool(env_, Next(), value) != napi_ok) WrongType(name, "a boolean");
  return *this;
}

Arguments& Arguments::OptionalId(const char* name, std::optional<uint64_t>* id) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env_, value, &id->emplace(), &lossless) != napi_ok) {
    id->reset();
    if (!value.IsNull()) WrongType(name, "a bigint or null");
  } else if (!lossless) {
    WrongValue(name, "must fit 64 bits");
  }
  return *this;
}

Arguments& Arguments::Namespace(const char* name, NamespaceFile* file) {
  if (!ok_) return *this;
  const Napi::Value value = Peek();
  if (value.IsNull()) {
    ++next_;
  } else if (value.IsNumber()) {
    unsigned long descriptor = 0;
    if (Flags(name, &descriptor).ok()) file->Use(static_cast<int>(descriptor));
  } else {
    std::string path;
    if (Bytes(name, &path).ok()) file->Use(std::move(path));
  }
  return *this;
}

Arguments& Arguments::TakeCancellation(const char* name, Cancellation* cancellation) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  if (!value.IsNull() && !Cancellation::FromValue(env_, value, cancellation)) WrongType(name, "a cancellation or null");
  return *this;
}

Arguments& Arguments::Descriptor(const char* name, OwnedFd* fd, int* error) {
  if (!ok_) return *this;
  if (!descriptor::Duplicate(env_, Next(), fd, error)) WrongType(name, "a descriptor");
  return *this;
}

Arguments& Arguments::OptionalDescriptor(const char* name, OwnedFd* fd, int* error, bool* is_given) {
  if (!ok_) return *this;
  *is_given = !Peek().IsNull();
  if (*is_given) return Descriptor(name, fd, error);
  ++next_;
  return *this;
}

Arguments& Arguments::TakeDescriptor(const char* name, OwnedFd* fd) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  if (!descriptor::Is(env_, value)) {
    WrongType(name, "a descriptor");
  } else {
    *fd = descriptor::Take(env_, value);
  }
  return *this;
}

Arguments& Arguments::Wrapped(const char* name, const napi_type_tag& tag, void** native) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  *native = tagged_object::Get<void>(env_, tag, value);
  if (*native == nullptr) WrongType(name, "an object that this addon has created for it");
  return *this;
}

Arguments& Arguments::Function(const char* name, Napi::FunctionReference* function) {
  if (!ok_) return *this;
  const Napi::Value value = Next();
  if (!value.IsFunction()) {
    WrongType(name, "a function");
  } else {
    *function = Napi::Persistent(value.As<Napi::Function>());
  }
  return *this;
}
