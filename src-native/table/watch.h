// Watch: waits for changes of a mount table, and reports the lines that have changed.
#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"
#include "table/raw_table.h"
#include "threads/namespace_file.h"

// The kernel counts the changes of a mount namespace, and poll(2) of an open mountinfo reports POLLPRI after a change
// since the last poll (fs/proc_namespace.c). The waiting pool thread then reads the whole table and compares it with
// the lines that it read before. JavaScript receives only the lines that differ. No change between two waits is lost,
// because the next comparison finds it, and no queue can overflow. The watch occupies a thread only during a wait.
//
// FAN_REPORT_MNT of fanotify(7) (6.15) is not used: it needs CAP_SYS_ADMIN, its queue can overflow, and it reports only
// the IDs of attached and detached mounts. A mount that was detached cannot be examined any more, and remounts are not
// reported.
class Watch {
 public:
  // Opens and reads the table of the calling thread's mount namespace. The namespace exists as long as the watch is
  // open. Returns null and sets errno on failure.
  static Watch* Open();

  // Waits for a change. `before` receives the old text of each line that was removed or changed, and `after` the new
  // text of each line that was added or changed. Both parameters are empty after Close(). A second wait at the same
  // time fails with EBUSY.
  Outcome Wait(MountLines* before, MountLines* after);

  // Any thread. Ends a wait in progress, and closes the descriptors as soon as no thread uses them.
  void Close();

  void AddReference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void DropReference() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  struct Line {
    uint64_t key;  // The unique mount ID, or the mountinfo ID before Linux 6.8.
    std::string text;
  };

  Watch() = default;
  ~Watch() = default;
  bool ReadLines(std::vector<Line>* lines);
  bool Compare(MountLines* before, MountLines* after);
  Outcome WaitForChange(MountLines* before, MountLines* after);
  void CloseDescriptors();

  std::atomic<size_t> references_{1};
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  bool is_waiting_ = false;  // Protected by lock_. While true, only the waiting thread uses the other fields.
  bool is_closed_ = false;   // Protected by lock_.
  OpenTable table_;
  OwnedFd close_event_;
  bool has_ids_ = false;
  std::vector<Line> lines_;  // Sorted by key.
};

// watchOpen(namespace) returns an object that owns a watch, or a failure. The watch is closed when the object is
// garbage-collected and when its environment ends.
class WatchOpenCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    Watch* watch = nullptr;
  };

  void Read(Arguments& arguments);
  bool NeedsOwnDirectory() const { return mount_namespace.IsOther(); }
  Result Run();

  MountNamespace mount_namespace;
};

// watchClose(watch) ends a wait in progress and closes the watch.
napi_value WatchClose(napi_env env, napi_callback_info info);

// watchWait(watch, done) calls done({ before, after }) after a change. `before` and `after` are both { table, ids },
// and both tables are empty after watchClose().
class WatchWaitCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    MountLines before;
    MountLines after;
  };

  void Read(Arguments& arguments);
  Result Run();

 private:
  struct ReferenceDropper {
    void operator()(Watch* watch) const { watch->DropReference(); }
  };
  std::unique_ptr<Watch, ReferenceDropper> watch_;
};
