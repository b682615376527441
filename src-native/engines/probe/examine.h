// The call `examine`: examines paths and reads files of /proc after a failure, to find the reason of the failure.
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

// The call opens each path with O_PATH, triggers no automount, and changes nothing. The rules in lib/reasons/
// choose the paths and interpret the result.
//
//   examine(paths, files, upper, cwd, root, resolve, namespace)
//
// resolves the first path inside `root`, if `root` is not null (place/target.h), and makes all system calls in the
// mount namespace `namespace`. The call returns { paths: [...], files: [...], upper }:
//   - each of `paths` is { error } with an errno, or { path, mode, device, inode, special, mountId, uniqueId, type,
//     flags, isMountPoint }: the path that the kernel reports for the file (proc_pid_fd(5)), and values of statx(2) and
//     statfs(2). `special` is st_rdev, `mountId` is the mount ID of the mount table, and `uniqueId` is the unique mount
//     ID;
//   - each of `files` is the content of a file of /proc, or null when the file cannot be read;
//   - `upper` is null, or { tmpfile, trusted, user, types }: whether the path at the index `upper` meets the
//     requirements of overlayfs for an upper directory. The trial uses an unnamed file (O_TMPFILE). `tmpfile`,
//     `trusted` and `user` are each an errno or 0, and `types` is true if readdir(3) reports file types.
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
    uint64_t unique_id = 0;
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
  std::optional<uint64_t> upper_;  // the index of a path in paths_
  std::optional<std::string> root_;
  unsigned long resolve_ = 0;
};
