// Makes two JavaScript functions, nameSync() and name(), from one C++ class that describes a native call.
#pragma once

#include <napi.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "kernel/outcome.h"
#include "libc/oldest_glibc.h"
#include "napi/arguments.h"
#include "napi/completion.h"
#include "threads/pool.h"
#include "threads/turn.h"

// A native call is a class with three members, for example MountCall in mount/mount.h.
//
//   void Read(Arguments& arguments);   JavaScript thread: reads the arguments into fields of the class.
//   Result Run();                      Any thread: makes the system calls. Must not use Node-API.
//   using Result = ...;                Outcome, or a class that is constructible from an Outcome and has ToValue(env).
//
// call::Export<MountCall>(env, exports, "mount") then exports two functions:
//
//   mountSync(...arguments)     Runs Read, Run and Result::ToValue on the JavaScript thread, and returns the value.
//   mount(...arguments, done)   Runs Read on the JavaScript thread, starts Run on a pool thread (threads/pool.h), and
//                               returns. Later the JavaScript thread calls done(value) (napi/completion.h).
//
// Both functions throw if an argument is wrong, before any system call. A failure of a system call is no exception but
// an Outcome (kernel/outcome.h).
//
// Optional members of the class select the thread, the mount namespace and the working directory of Run:
//
//   WorkingDirectory directory;       Run resolves relative paths from this directory (threads/working_directory.h).
//   bool IsRelative() const;          Required with `directory`: whether the call depends on the working directory.
//   bool NeedsOwnDirectory() const;   Whether Run needs a thread with a working directory of its own. nameSync() then
//                                     runs the call on a pool thread too, while the JavaScript thread waits.
//   MountNamespace mount_namespace;   The mount namespace of Run. If it is another one, Run needs a new thread.
//   bool NeedsFreshThread() const;    Whether Run changes its thread for good, so that the thread must be new and must
//                                     end with the call. A class for which this is always true declares instead:
//   static constexpr bool kFreshThread = true;
//   std::string Place() const;        Where the call mounts. name() runs after every earlier call at the same place
//                                     (threads/turn.h). Empty for a call that mounts nowhere.
//   bool IsCancelled() const;         Whether the caller has cancelled the call, which then makes no system call.
//   Outcome Prepare();                Runs before Run on the same thread, before the thread changes its namespace.
namespace call {

template <typename Call>
bool RunsInOtherNamespace(const Call& call) {
  if constexpr (requires { call.mount_namespace; }) return call.mount_namespace.IsOther();
  return false;
}

template <typename Call>
bool NeedsOwnDirectory(const Call& call) {
  if constexpr (requires { call.NeedsOwnDirectory(); }) return call.NeedsOwnDirectory();
  return false;
}

template <typename Call>
bool NeedsFreshThread(const Call& call) {
  if constexpr (requires { Call::kFreshThread; }) return true;
  if constexpr (requires { call.NeedsFreshThread(); }) return call.NeedsFreshThread();
  return RunsInOtherNamespace(call);
}

// The place of a call in its mount namespace, or an empty string.
template <typename Call>
std::string PlaceOf(const Call& call) {
  std::string place;
  if constexpr (requires { call.Place(); }) {
    place = call.Place();
    if (!place.empty()) place += '\0' + call.mount_namespace.file.Name();
  }
  return place;
}

template <typename Call>
int StartThreadFor(const Call& call, threads::Task* task) {
  return NeedsFreshThread(call) ? threads::StartOnFreshThread(task) : threads::Start(task);
}

// JavaScript thread. Opens the working directory of the process for a call with relative paths. A call in another mount
// namespace has no relative paths, because the working directory of the process does not exist in that namespace.
template <typename Call>
void CaptureWorkingDirectory(Call& call) {
  if constexpr (requires { call.directory; }) {
    if (call.IsRelative() && !RunsInOtherNamespace(call)) call.directory.Capture();
  }
}

// Pool thread. Enters the mount namespace and the working directory of the call, runs the call, and returns to "/".
template <typename Call>
typename Call::Result RunOnPoolThread(Call& call, bool own_directory) {
  Outcome entered;
  if constexpr (requires { call.IsCancelled(); }) {
    if (call.IsCancelled()) entered = Call::Cancelled();
  }
  if constexpr (requires { call.Prepare(); }) {
    if (!entered.Failed()) entered = call.Prepare();
  }
  if constexpr (requires { call.mount_namespace; }) {
    if (!entered.Failed()) entered = call.mount_namespace.Enter(own_directory);
  }
  if constexpr (requires { call.directory; }) {
    if (!entered.Failed()) entered = call.directory.Enter(own_directory);
  }
  typename Call::Result result = entered.Failed() ? typename Call::Result(entered) : call.Run();
  if constexpr (requires { call.directory; }) call.directory.Leave();
  return result;
}

// WaitingTask runs a synchronous call that needs a pool thread. The task is on the stack of the waiting JavaScript
// thread.
template <typename Call>
class WaitingTask final : public threads::Task {
 public:
  explicit WaitingTask(Call& call) : call_(call) { sem_init(&done_, 0, 0); }
  ~WaitingTask() override { sem_destroy(&done_); }

  void Run(bool own_directory) override {
    result_ = RunOnPoolThread(call_, own_directory);
    sem_post(&done_);
  }

  typename Call::Result Wait() {
    while (sem_wait(&done_) < 0 && errno == EINTR) {
    }
    return std::move(result_);
  }

 private:
  Call& call_;
  typename Call::Result result_;
  sem_t done_;
};

// Runs a call on a pool thread while the calling thread waits.
template <typename Call>
typename Call::Result RunAndWait(Call& call) {
  WaitingTask<Call> task(call);
  if (const int error = StartThreadFor(call, &task)) {
    return typename Call::Result(Outcome::Failure(error, "pthread_create", "start a thread"));
  }
  return task.Wait();
}

// AsyncTask runs an asynchronous call. The task is also the completion that delivers the result to the JavaScript
// thread.
template <typename Call>
class AsyncTask final : public threads::Task, public threads::Turn, public CompletionQueue::Completion {
 public:
  std::optional<Call> call{std::in_place};
  Napi::FunctionReference done;

  void Run(bool own_directory) override {
    result_ = RunOnPoolThread(*call, own_directory);
    // The call is destroyed on the pool thread, because the close(2) of its descriptors may block.
    call.reset();
    // The next call at the place starts after this result is on its way, so that the results arrive in the order of the
    // calls. The delivered task may be deleted at once.
    Turn* const next = Leave();
    CompletionQueue::Deliver(this);
    Start(next);
  }

  void Complete(Napi::Env env) override {
    // The status is ignored: done() resolves a promise and does not throw, or the worker is being terminated.
    const napi_value result = result_.ToValue(env);
    napi_call_function(env, env.Undefined(), done.Value(), 1, &result, nullptr);
  }

  void ReleaseReferences() override { done.Reset(); }

 private:
  int StartThread() override { return StartThreadFor(*call, this); }

  void Fail(int error) override {
    result_ = typename Call::Result(Outcome::Failure(error, "pthread_create", "start a thread"));
    CompletionQueue::Deliver(this);
  }

  typename Call::Result result_;
};

// Sync<Call> is the JavaScript function nameSync().
template <typename Call>
napi_value Sync(napi_env env, napi_callback_info info) {
  Call call;
  Arguments arguments(env, info);
  call.Read(arguments);
  if (!arguments.ok()) return nullptr;
  if (!NeedsOwnDirectory(call)) return call.Run().ToValue(env);
  CaptureWorkingDirectory(call);
  return RunAndWait(call).ToValue(env);
}

// Async<Call> is the JavaScript function name().
template <typename Call>
napi_value Async(napi_env env, napi_callback_info info) {
  auto owned_task = std::make_unique<AsyncTask<Call>>();
  Arguments arguments(env, info);
  owned_task->call->Read(arguments);
  arguments.Function("done", &owned_task->done);
  if (!arguments.ok()) return nullptr;
  CompletionQueue* queue = CompletionQueue::Of(env);
  if (queue == nullptr) return nullptr;
  CaptureWorkingDirectory(*owned_task->call);
  // A registered task belongs to the pool thread and then to the queue, which deletes it.
  AsyncTask<Call>* task = owned_task.release();
  queue->Register(task);
  task->Begin(PlaceOf(*task->call));
  return nullptr;
}

inline void ExportFunction(Napi::Env env, Napi::Object exports, const std::string& name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name.data(), name.size(), function, nullptr, &value) == napi_ok) {
    exports.Set(name, value);
  }
}

// Exports name() alone, for a call that has no synchronous form.
template <typename Call>
void ExportAsync(Napi::Env env, Napi::Object exports, const std::string& name) {
  ExportFunction(env, exports, name, Async<Call>);
}

// Exports nameSync() and name().
template <typename Call>
void Export(Napi::Env env, Napi::Object exports, const std::string& name) {
  ExportFunction(env, exports, name + "Sync", Sync<Call>);
  ExportAsync<Call>(env, exports, name);
}

}  // namespace call
