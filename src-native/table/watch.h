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

// A mount table that is watched: what it was when last looked at, and a way to wait until it is another.
//
// The kernel counts the changes of a mount namespace, and an open mountinfo can be polled for "changed since the last
// poll" (POLLPRI, fs/proc_namespace.c). Then all of it is read and compared, on the thread that waited; JavaScript gets
// only the lines that differ. Nothing can be missed between two looks, and nothing can overflow. While nobody waits
// there is no thread.
//
// fanotify's FAN_REPORT_MNT (6.15) tells the ids of what was attached and detached. It needs CAP_SYS_ADMIN, a queue
// that can overflow, and the table all the same: of what is gone again nothing can be asked, and of remounts it says
// nothing.
class Watch {
 public:
  // Opens the table of the calling thread's namespace and reads it. The namespace is there as long as the watch. A
  // failure has errno set and is null.
  static Watch* Open();

  // Waits for changes. `before` are the lines that are gone or were different, `after` those that came or are different
  // now; both are empty when the watch was closed. One at a time: EBUSY.
  Outcome Wait(MountLines* before, MountLines* after);

  // Any thread. Ends a wait that is under way, and closes the descriptors as soon as nobody uses them.
  void Close();

  void Hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  struct Line {
    uint64_t key;  // the lasting id; that of the table where the kernel has no other
    std::string text;
  };

  Watch() = default;
  ~Watch() = default;
  bool Look(std::vector<Line>* lines);
  bool Compare(MountLines* before, MountLines* after);
  Outcome WaitForChange(MountLines* before, MountLines* after);
  void CloseDescriptors();

  std::atomic<size_t> holders_{1};
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  bool is_waiting_ = false;  // under lock_; who waits has the rest for itself
  bool is_closed_ = false;   // under lock_
  OpenTable table_;
  OwnedFd bell_;
  bool has_ids_ = false;
  std::vector<Line> lines_;  // ascending by key
};

// watchOpen(namespace): an object that stands for a watch, or a failure. When it is collected or its environment ends
// the watch is closed.
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

// watchClose(watch).
napi_value WatchClose(napi_env env, napi_callback_info info);

// watchWait(watch, done): { before, after }, each { table, ids }, both empty when the watch was closed.
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
  struct Let {
    void operator()(Watch* watch) const { watch->Release(); }
  };
  std::unique_ptr<Watch, Let> watch_;
};
