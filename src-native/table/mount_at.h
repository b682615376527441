// mountRoot() and mountAt(): questions about the mount at one path that do not read the whole mount table.
#pragma once

#include <napi.h>

#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "table/raw_table.h"
#include "threads/namespace_file.h"
#include "threads/working_directory.h"

// PathQuestion is the base class of MountRootCall and MountAtCall. Neither call asks the server of a network filesystem
// if the kernel can avoid it (AT_STATX_DONT_SYNC, O_PATH), and neither triggers an automount (AT_NO_AUTOMOUNT).
class PathQuestion {
 public:
  void Read(Arguments& arguments) { arguments.Bytes("path", &path_).Namespace("namespace", &mount_namespace.file); }
  bool IsRelative() const { return path_.empty() || path_[0] != '/'; }
  bool NeedsOwnDirectory() const { return mount_namespace.IsOther(); }

  WorkingDirectory directory;
  MountNamespace mount_namespace;

 protected:
  std::string path_;
};

// mountRoot(path, namespace) returns true if the path is a mount point: statx(2) with STATX_ATTR_MOUNT_ROOT (5.8). The
// call searches the mount table on older kernels and if a sandbox refuses statx(2).
class MountRootCall : public PathQuestion {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    bool is_root = false;
  };

  Result Run();
};

// mountAt(path, namespace) returns the mountinfo line and the unique mount ID of the mount that contains the path:
// statx(2) and statmount(2), which reports the whole line since 6.13. The call searches the mount table on older
// kernels and if a sandbox refuses one of the two system calls.
class MountAtCall : public PathQuestion {
 public:
  using Result = MountLinesResult;

  Result Run();
};
