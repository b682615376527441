#pragma once

#include <napi.h>

#include <string>

#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "table/raw_table.h"
#include "threads/namespace_file.h"
#include "threads/working_directory.h"

// Questions about one path that need no mount table. Neither waits for a server where the kernel can avoid it
// (AT_STATX_DONT_SYNC, O_PATH), and neither triggers an automount (AT_NO_AUTOMOUNT).

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

// mountRoot(path, namespace): whether the path leads to the root of a mount, as true or false: statx(2) with
// STATX_ATTR_MOUNT_ROOT (5.8). Where that is not to be had the table is searched.
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

// mountAt(path, namespace): the line of the mount that the path leads to, with its lasting id: statx(2) and
// statmount(2), which knows all of it since 6.13. Elsewhere the line is looked for in the table.
class MountAtCall : public PathQuestion {
 public:
  using Result = MountLinesResult;

  Result Run();
};
