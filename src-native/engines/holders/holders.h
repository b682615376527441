// The call `holders`: scans /proc and /sys for everything that uses a mount.
#pragma once

#include <napi.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engines/holders/process_uses.h"
#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "table/mount_copies.h"
#include "threads/working_directory.h"

// The scan covers every process in /proc, every other mount namespace that one of these processes is in, and the loop
// devices in /sys. The scan opens no file on another filesystem, so a server that does not respond cannot block the
// scan. lib/umount/holder-kinds.ts interprets the result.
//
//   holders(target)
//
// returns { mountId, uses, namespaces, loops, table, swaps, processes, unseen }:
//   - `mountId` is the mount ID of the mount at `target`, as in the mount table;
//   - `uses` lists { pid, command, how, fd, path, byDevice }, described in engines/holders/process_uses.h;
//   - `namespaces` lists { inode, pid, command, mountPoint } for every other mount namespace with a copy of the mount;
//     `pid` is one process of the namespace;
//   - `loops` lists { device, file } for each loop device;
//   - `table` is the text of the caller's mount table;
//   - `swaps` is the text of /proc/swaps, or null when this file cannot be read;
//   - `processes` counts the processes in /proc, and `unseen` counts those that could not be examined completely.
// A target that is not a mount point fails with EINVAL at the step "check target".
//
// The whole scan is native, because a scan opens thousands of files, needs the mount copies of all namespaces before
// the first process is examined, and must fail as a whole when descriptors or memory run out (proc::TakeShortage).
class HoldersCall {
 public:
  struct Namespace {
    uint64_t inode;
    pid_t process;
    std::string command;
    std::string mount_point;
  };

  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    uint64_t mount_id = 0;
    std::vector<ProcessUse> uses;
    std::vector<Namespace> namespaces;
    std::vector<std::pair<std::string, std::string>> loops;  // device and file
    std::string table;
    std::string swaps;
    size_t processes = 0;
    size_t unseen = 0;
  };

  void Read(Arguments& arguments) { arguments.Bytes("target", &target_); }
  bool IsRelative() const { return target_.empty() || target_[0] != '/'; }
  bool NeedsOwnDirectory() const { return directory.path.has_value(); }
  Result Run();

  WorkingDirectory directory;

 private:
  std::string target_;
};
