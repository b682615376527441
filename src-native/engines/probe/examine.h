#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/namespace_file.h"
#include "threads/working_directory.h"

// Looks at paths after a failure, to find out why: what each leads to, without following anything further, and without
// changing anything. Which paths, and what it means, is the business of lib/.
//
//   examine(paths, files, upper, cwd, root, resolve, namespace)
//
// looks the first path up in `root`, if there is one (place/target.h), and all that in a mount namespace. It gives
// { paths: [...], files: [...], upper } where
//   - a path is { error } or { path, mode, device, inode, special, mountId, uniqueId, type, flags, isMountPoint }:
//     where it leads (proc_pid_fd(5)), statx(2) and statfs(2) of it, `special` is st_rdev, `mountId` as in the mount
//     table;
//   - a file is its bytes, or null when it cannot be read: files of /proc;
//   - `upper` is null, or for the path at that index what overlayfs asks of an upper layer, tried on a file without a
//     name (O_TMPFILE): { tmpfile, trusted, user } are errnos, 0 when it works, and { types } whether readdir tells
//     types.
class ExamineCall {
 public:
  struct Path {
    int error = 0;
    std::string path;
    uint32_t mode = 0;
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t special = 0;
    uint64_t mount_id = 0;
    uint64_t lasting_id = 0;
    uint64_t type = 0;
    uint64_t flags = 0;
    bool is_mount_point = false;
  };

  struct Upper {
    int tmpfile = 0;
    int trusted = 0;
    int user = 0;
    bool types = false;
  };

  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    std::vector<Path> paths;
    std::vector<std::pair<bool, std::string>> files;
    Upper upper;
    bool has_upper = false;
  };

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }
  bool NeedsOwnDirectory() const { return directory.path.has_value() || mount_namespace.IsOther(); }
  Result Run();

  WorkingDirectory directory;
  MountNamespace mount_namespace;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string> files_;
  std::optional<uint64_t> upper_;  // an index
  std::optional<std::string> root_;
  unsigned long resolve_ = 0;
};
