// The calls that make and find single markers of overlayfs in a layer: whiteouts and opaque directories.
#pragma once

#include <napi.h>

#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// The kernel documents the markers in Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories". No
// call follows a symbolic link in the last component of a path.
class LayerMarkerCall {
 public:
  bool IsRelative() const { return true; }

  WorkingDirectory directory;

 protected:
  std::string path_;
  bool user_attribute_ = false;
};

// makeWhiteout(path, attribute, userAttribute) makes a character device 0:0. With `attribute`, the call makes an empty
// file with the attribute overlay.whiteout, and gives the parent directory the attribute overlay.opaque "x" (since
// Linux 6.8). A failed call removes the file and the attributes that it made.
class MakeWhiteoutCall : public LayerMarkerCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments) {
    arguments.Bytes("path", &path_).Boolean("attribute", &as_attribute_).Boolean("userAttribute", &user_attribute_);
  }
  Result Run();

 private:
  bool as_attribute_ = false;
};

// makeOpaque(path, value, userAttribute) sets the attribute overlay.opaque of a directory to `value`.
class MakeOpaqueCall : public LayerMarkerCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments) {
    arguments.Bytes("path", &path_).Bytes("value", &value_).Boolean("userAttribute", &user_attribute_);
  }
  Result Run();

 private:
  std::string value_;
};

// isWhiteout(path, userAttribute) and isOpaque(path, userAttribute) return a boolean. If the answer depends on a
// "trusted.*" attribute and the kernel hides such attributes from this process, both calls fail with EPERM at the step
// "trusted attributes".
class HasMarkerCall : public LayerMarkerCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const {
      return outcome.Failed() ? outcome.ToValue(env) : Napi::Boolean::New(env, has_marker);
    }

    Outcome outcome;
    bool has_marker = false;
  };

  void Read(Arguments& arguments) { arguments.Bytes("path", &path_).Boolean("userAttribute", &user_attribute_); }
};

class IsWhiteoutCall : public HasMarkerCall {
 public:
  Result Run();
};

class IsOpaqueCall : public HasMarkerCall {
 public:
  Result Run();
};

// Fails with EPERM at the step "trusted attributes" when the kernel hides attributes "trusted.*" from this process, as
// it does without CAP_SYS_ADMIN in the initial user namespace (fs/xattr.c, xattr_permission): listxattr(2) then omits
// them, and getxattr(2) fails with ENODATA. If the check itself fails, its errno is returned, because an attribute must
// not be reported as absent without the check.
Outcome CheckTrustedAttributes();
