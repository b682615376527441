// Makes whiteouts and opaque directories, and checks files for these markers.
#include "engines/layers/markers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <optional>

#include "kernel/file_status.h"
#include "kernel/owned_fd.h"

namespace {

std::string Attribute(bool user, const char* name) {
  return std::string(user ? "user.overlay." : "trusted.overlay.") + name;
}

Outcome Failed(const char* syscall, const char* step) { return Outcome::Failure(errno, syscall, step); }

// Returns the value of an attribute, empty if the attribute is absent, or nullopt with errno set on failure.
std::optional<std::string> ReadAttribute(const std::string& path, const std::string& attribute) {
  char value[16];
  const ssize_t length = lgetxattr(path.c_str(), attribute.c_str(), value, sizeof value);
  if (length >= 0) return std::string(value, static_cast<size_t>(length));
  if (errno == ENODATA || errno == EOPNOTSUPP) return std::string();
  // A value that does not fit into the buffer has no meaning to overlayfs.
  if (errno == ERANGE) return std::string("?");
  return std::nullopt;
}

Outcome MakeWhiteoutFile(const std::string& path, bool user) {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string opaque = Attribute(user, "opaque");
  const OwnedFd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return Failed("open", "open the directory");
  // An existing value "y" is kept: in an opaque directory a whiteout has no effect.
  const bool is_marked = fsetxattr(directory.get(), opaque.c_str(), "x", 1, XATTR_CREATE) == 0;
  if (!is_marked && errno != EEXIST) return Failed("fsetxattr", "mark the directory");
  Outcome outcome;
  const OwnedFd file(openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
  if (!file) {
    outcome = Failed("openat", "make the file");
  } else if (fsetxattr(file.get(), Attribute(user, "whiteout").c_str(), "", 0, 0) < 0) {
    outcome = Failed("fsetxattr", "mark the file");
    outcome.left = unlinkat(directory.get(), name.c_str(), 0) < 0;
  }
  if (outcome.Failed() && is_marked && fremovexattr(directory.get(), opaque.c_str()) < 0) outcome.left = true;
  return outcome;
}

}  // namespace

Outcome CheckTrustedAttributes() {
  // The check sets an attribute on a new pipe, because a pipe has no extended attributes. The kernel refuses a
  // "trusted.*" attribute of a pipe with EPERM to a process that may not access such attributes, and with EOPNOTSUPP to
  // any other process.
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return Failed("pipe2", "check for trusted attributes");
  const OwnedFd one(ends[0]), other(ends[1]);
  const bool is_hidden = fsetxattr(one.get(), "trusted.overlay.origin", "", 0, 0) < 0 && errno == EPERM;
  return is_hidden ? Outcome::Failure(EPERM, "lgetxattr", "trusted attributes") : Outcome{};
}

Outcome MakeWhiteoutCall::Run() {
  if (as_attribute_) return MakeWhiteoutFile(path_, user_attribute_);
  // The call is made by number, because mknodat(3) is a new symbol in glibc 2.33. WHITEOUT_MODE and WHITEOUT_DEV are 0
  // (include/linux/fs.h).
  if (syscall(SYS_mknodat, AT_FDCWD, path_.c_str(), S_IFCHR, 0) < 0) return Failed("mknodat", "make the whiteout");
  return {};
}

Outcome MakeOpaqueCall::Run() {
  const OwnedFd target(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!target) return Failed("open", "open the directory");
  if (fsetxattr(target.get(), Attribute(user_attribute_, "opaque").c_str(), value_.data(), value_.size(), 0) < 0) {
    return Failed("fsetxattr", "mark the directory");
  }
  return {};
}

IsWhiteoutCall::Result IsWhiteoutCall::Run() {
  Result result;
  FileStatus status;
  if (ReadStatus(AT_FDCWD, path_.c_str(), &status) < 0) return Result(Failed("statx", "check for the marker"));
  result.has_marker = status.IsWhiteoutDevice();
  if (result.has_marker || !status.IsRegular() || status.size != 0) return result;
  // Only the presence of the attribute matters: overlayfs ignores the value.
  const bool is_present = lgetxattr(path_.c_str(), Attribute(user_attribute_, "whiteout").c_str(), nullptr, 0) >= 0;
  if (!is_present && errno != ENODATA && errno != EOPNOTSUPP)
    return Result(Failed("lgetxattr", "check for the marker"));
  if (!is_present && !user_attribute_) result.outcome = CheckTrustedAttributes();
  result.has_marker = is_present;
  return result;
}

IsOpaqueCall::Result IsOpaqueCall::Run() {
  Result result;
  FileStatus status;
  if (ReadStatus(AT_FDCWD, path_.c_str(), &status) < 0) return Result(Failed("statx", "check for the marker"));
  if (!status.IsDirectory()) return result;
  const std::optional<std::string> value = ReadAttribute(path_, Attribute(user_attribute_, "opaque"));
  if (!value) return Result(Failed("lgetxattr", "check for the marker"));
  if (value->empty() && !user_attribute_) result.outcome = CheckTrustedAttributes();
  result.has_marker = *value == "y";
  return result;
}
