// Examines paths and reads files of /proc after a failure, and turns the result into JavaScript values.
#include "engines/probe/examine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string_view>

#include "kernel/calls.h"
#include "kernel/owned_fd.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "place/target.h"
#include "table/mount_lines.h"

namespace {

ExamineCall::Path Examine(int fd) {
  ExamineCall::Path found;
  kernel::Identity identity;
  struct statfs filesystem;
  if (fd < 0 || kernel::Identify(fd, "", AT_EMPTY_PATH, &identity) < 0 || fstatfs(fd, &filesystem) < 0 ||
      kernel::MountId(fd, "", AT_EMPTY_PATH, kernel::IdKind::kUnique, &found.unique_id) < 0) {
    found.error = errno;
    return found;
  }
  found.path = procfs::PathOf(fd);
  found.mode = identity.mode;
  found.device = identity.device;
  found.inode = identity.inode;
  found.special = identity.special;
  found.mount_id = identity.mount_id;
  // The magic number has 32 bits, and `f_type` is signed on some processors.
  found.type = static_cast<uint32_t>(filesystem.f_type);
  found.flags = static_cast<uint64_t>(filesystem.f_flags);
  found.is_mount_point = identity.is_mount_root;
  return found;
}

// Returns the path by which this thread reads a file of /proc. In another mount namespace /proc can be absent or belong
// to another PID namespace, so the path then leads through the /proc of the caller (kernel/procfs.h).
std::string ProcPath(const std::string& file) {
  constexpr std::string_view kSelf = "/proc/thread-self/";
  constexpr std::string_view kProc = "/proc/";
  if (file.compare(0, kSelf.size(), kSelf) == 0) return procfs::Self(file.substr(kSelf.size()));
  return file.compare(0, kProc.size(), kProc) == 0 ? procfs::Root(file.substr(kProc.size())) : file;
}

int TryAttribute(int file, const char* name) { return fsetxattr(file, name, "y", 1, 0) < 0 ? errno : 0; }

// Returns whether getdents64(2) reports the entry "." as a directory (DT_DIR). overlayfs requires file types from the
// filesystem of the upper directory (d_type). Returns true for a directory that cannot be read.
bool ReportsTypes(const char* path) {
  const OwnedFd directory(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return true;
  alignas(DirectoryEntry) char buffer[4096];
  const long length = syscall(SYS_getdents64, directory.get(), buffer, sizeof buffer);
  for (long at = 0; at < length;) {
    const DirectoryEntry* const entry = DirectoryEntry::At(buffer + at);
    if (entry->Name() == ".") return entry->type == DT_DIR;
    at += entry->length;
  }
  return true;
}

ExamineCall::Upper ExamineUpper(const std::string& path) {
  ExamineCall::Upper found;
  found.types = ReportsTypes(path.c_str());
  const OwnedFd file(open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {
    found.tmpfile = found.trusted = found.user = errno;
    return found;
  }
  found.trusted = TryAttribute(file.get(), "trusted.overlay.try");
  found.user = TryAttribute(file.get(), "user.overlay.try");
  return found;
}

}  // namespace

void ExamineCall::Read(Arguments& arguments) {
  arguments.BytesList("paths", &paths_)
      .BytesList("files", &files_)
      .OptionalId("upper", &upper_)
      .OptionalBytes("cwd", &directory.path)
      .OptionalBytes("root", &root_)
      .Flags("resolve", &resolve_)
      .Namespace("namespace", &mount_namespace.file);
}

ExamineCall::Result ExamineCall::Run() {
  Result result;
  for (const std::string& path : paths_) {
    if (!root_ || !result.paths.empty()) {
      result.paths.push_back(Examine(OwnedFd(open(path.c_str(), O_PATH | O_CLOEXEC)).get()));
      continue;
    }
    Target target(path, *root_, resolve_);
    const Outcome outcome = target.LookUp();
    Path& found = result.paths.emplace_back();
    found.error = outcome.error;
    if (!outcome.Failed()) found = Examine(target.at());
  }
  for (const std::string& file : files_) {
    std::string text;
    const bool read = ReadWhole(ProcPath(file).c_str(), &text);
    result.files.emplace_back(read, std::move(text));
  }
  if (upper_ && *upper_ < paths_.size()) {
    result.upper = ExamineUpper(paths_[*upper_]);
    result.has_upper = true;
  }
  return result;
}

napi_value ExamineCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  Napi::Array path_values = Napi::Array::New(env, paths.size());
  for (uint32_t index = 0; index < paths.size(); ++index) {
    const Path& path = paths[index];
    Napi::Object value = Napi::Object::New(env);
    value.Set("error", path.error);
    value.Set("path", Napi::Buffer<char>::Copy(env, path.path.data(), path.path.size()));
    value.Set("mode", path.mode);
    value.Set("device", Napi::BigInt::New(env, path.device));
    value.Set("inode", Napi::BigInt::New(env, path.inode));
    value.Set("special", Napi::BigInt::New(env, path.special));
    value.Set("mountId", Napi::BigInt::New(env, path.mount_id));
    value.Set("uniqueId", Napi::BigInt::New(env, path.unique_id));
    value.Set("type", Napi::BigInt::New(env, path.type));
    value.Set("flags", Napi::BigInt::New(env, path.flags));
    value.Set("isMountPoint", path.is_mount_point);
    path_values.Set(index, value);
  }
  Napi::Array file_values = Napi::Array::New(env, files.size());
  for (uint32_t index = 0; index < files.size(); ++index) {
    const auto& [read, text] = files[index];
    file_values.Set(index, read ? Napi::Value(Napi::Buffer<char>::Copy(env, text.data(), text.size())) : env.Null());
  }
  Napi::Object value = Napi::Object::New(env);
  value.Set("paths", path_values);
  value.Set("files", file_values);
  value.Set("upper", env.Null());
  if (has_upper) {
    Napi::Object tried = Napi::Object::New(env);
    tried.Set("tmpfile", upper.tmpfile);
    tried.Set("trusted", upper.trusted);
    tried.Set("user", upper.user);
    tried.Set("types", upper.types);
    value.Set("upper", tried);
  }
  return value;
}
