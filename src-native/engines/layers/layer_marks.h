#pragma once

#include <napi.h>

#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// The marks of overlayfs in a layer, made and looked at one by one: Documentation/filesystems/overlayfs.rst, "whiteouts
// and opaque directories". The last name of a path is never followed.

class LayerMarkCall {
 public:
  bool IsRelative() const { return true; }

  WorkingDirectory directory;

 protected:
  std::string path_;
  bool user_attribute_ = false;
};

// makeWhiteout(path, asAttribute, userAttribute): a character device 0:0; or an empty file with the attribute
// overlay.whiteout in a directory with overlay.opaque "x" (Linux 6.8), neither left behind without the other.
class MakeWhiteoutCall : public LayerMarkCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments) {
    arguments.Bytes("path", &path_).Boolean("attribute", &as_attribute_).Boolean("userAttribute", &user_attribute_);
  }
  Result Run();

 private:
  bool as_attribute_ = false;
};

// makeOpaque(path, value, userAttribute): gives a directory overlay.opaque with this value.
class MakeOpaqueCall : public LayerMarkCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments) {
    arguments.Bytes("path", &path_).Bytes("value", &value_).Boolean("userAttribute", &user_attribute_);
  }
  Result Run();

 private:
  std::string value_;
};

// isWhiteout(path, userAttribute), isOpaque(path, userAttribute): true or false, or a failure. Without the right to see
// "trusted." attributes, where they decide, EPERM at the step "trusted attributes".
class HasMarkCall : public LayerMarkCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const {
      return outcome.Failed() ? outcome.ToValue(env) : Napi::Boolean::New(env, has_mark);
    }

    Outcome outcome;
    bool has_mark = false;
  };

  void Read(Arguments& arguments) { arguments.Bytes("path", &path_).Boolean("userAttribute", &user_attribute_); }
};

class IsWhiteoutCall : public HasMarkCall {
 public:
  Result Run();
};

class IsOpaqueCall : public HasMarkCall {
 public:
  Result Run();
};

// Fails with EPERM when this process may not see attributes of "trusted.": without CAP_SYS_ADMIN in the first user
// namespace they are hidden rather than refused (xattr_permission, fs/xattr.c). Tried on what nobody else has; why that
// cannot be had just now is a failure too, as no attribute is no answer then.
Outcome SeeTrustedAttributes();
