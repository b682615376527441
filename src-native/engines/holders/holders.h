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

// Looks for all that uses a mount: at every process of /proc, every other mount namespace that one of them is in, and
// the loop devices of /sys. It follows nothing that could lead to a server. What it means is the business of lib/.
//
//   holders(target)
//
// gives { mountId, uses, namespaces, loops, table, swaps, processes, unseen } where
//   - `uses` are { pid, command, how, fd, path, byDevice }, see engines/holders/process_uses.h;
//   - `namespaces` are the others that have the mount, { inode, pid, command, mountPoint }, with one process of each;
//   - `loops` are { device, file };
//   - `table` is the mount table, `swaps` is /proc/swaps, null when there is none;
//   - `processes` is how many there are, `unseen` how many of them could not be looked at.
// A target that is no mount point is EINVAL at the step "check target".
class HoldersCall {
 public:
  struct Namespace {
    uint64_t inode;
    pid_t process;
    std::string mount_point;
  };

  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    uint64_t mount_id = 0;
    std::vector<ProcessUse> uses;
    std::vector<Namespace> namespaces;
    std::vector<std::pair<pid_t, std::string>> commands;  // of the processes above, ascending
    std::vector<std::pair<std::string, std::string>> loops;
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
