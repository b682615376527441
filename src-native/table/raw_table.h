#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"
#include "threads/namespace_file.h"

// Lines of a mount table, as proc_pid_mountinfo(5) has them, and of each the id that is never used again. They are
// taken apart in lib/.
struct MountLines {
  MountLines() = default;
  MountLines(MountLines&&) = default;
  MountLines& operator=(MountLines&&) = default;
  ~MountLines();

  std::string text;           // each ends with a newline
  std::vector<uint64_t> ids;  // one for each, 0 where it is not known; empty where the kernel has none (before 6.8)
};

// What of MountLines is told to JavaScript: { table, ids }, or a failure.
struct MountLinesResult {
  explicit MountLinesResult(const Outcome& failure = {}) : outcome(failure) {}
  napi_value ToValue(Napi::Env env) const;

  Outcome outcome;
  MountLines lines;
};

// Bytes as a Buffer, and ids as a BigUint64Array, or null when there are none.
napi_value LinesToValue(Napi::Env env, const MountLines& lines);

// The mount table of one process, open: it can be read again and again, and polled for changes.
class OpenTable {
 public:
  // `process` is a directory of /proc. A failure has errno set.
  bool Open(const std::string& process);

  // All of it as it is now. mountinfo is by far the cheapest way to all mounts: 10,000 take 0.4 µs each, while
  // statmount(2) takes 0.75 µs; only the ids are asked for otherwise, by listmount(2), 0.04 µs each.
  bool Read(MountLines* lines) const;

  int fd() const { return fd_.get(); }
  void Close() { fd_ = OwnedFd(); }

 private:
  bool ReadText(std::string* text) const;
  bool IsInOrder(const MountLines& lines, const std::vector<size_t>& starts) const;
  void Match(const std::vector<uint64_t>& ids, const std::vector<size_t>& starts, MountLines* lines) const;

  OwnedFd fd_;
  bool has_ids_ = false;
  uint64_t namespace_ = 0;  // 0: our own
};

// table(process, namespace): the whole table of a process, which is a directory of /proc, or of ours in a namespace.
class TableCall {
 public:
  using Result = MountLinesResult;

  void Read(Arguments& arguments);
  bool NeedsOwnDirectory() const { return mount_namespace.IsOther(); }
  Result Run();

  MountNamespace mount_namespace;

 private:
  std::string process_;
};
