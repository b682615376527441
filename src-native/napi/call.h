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

// Gives a call of the kernel its two forms in JavaScript, from one definition. A call is a class with
//
//   void Read(Arguments& arguments);   reads the arguments, JavaScript thread
//   Result Run();                      makes the system calls, any thread
//   using Result = ...;                what comes of it: Outcome, or a class that is made from one and has ToValue
//
// and optionally
//
//   WorkingDirectory directory;        where its paths start
//   bool IsRelative() const;           goes with it: whether one of them depends on the working directory
//   bool NeedsOwnDirectory() const;    whether it can be made only by a thread with a working directory of its own;
//                                      asked by the synchronous form only
//   static constexpr bool kFreshThread = true;    Run changes its thread for good, which then ends with it
//   MountNamespace mount_namespace;               where it runs; if that is another, likewise
//   Outcome Prepare();                            what has to be done before it goes there
//
// and becomes
//
//   nameSync(...arguments): Result            on the thread that asks
//   name(...arguments, done): void            on a thread of ours (threads/pool.h); then done(Result)
//
// Wrong arguments throw, in both forms, before anything is done.
namespace call {

template <typename Call>
bool IsElsewhere(const Call& call) {
  if constexpr (requires { call.mount_namespace; }) return call.mount_namespace.IsOther();
  return false;
}

template <typename Call>
bool NeedsFreshThread(const Call& call) {
  if constexpr (requires { Call::kFreshThread; }) return true;
  if constexpr (requires { call.NeedsFreshThread(); }) return call.NeedsFreshThread();
  return IsElsewhere(call);
}

template <typename Call>
int StartThreadFor(const Call& call, threads::Task* task) {
  return NeedsFreshThread(call) ? threads::StartOnFreshThread(task) : threads::Start(task);
}

// The process's working directory is nowhere in another mount namespace.
template <typename Call>
void NoteWorkingDirectory(Call& call) {
  if constexpr (requires { call.directory; }) {
    if (call.IsRelative() && !IsElsewhere(call)) call.directory.Capture();
  }
}

template <typename Call>
bool NeedsOwnDirectory(const Call& call) {
  if constexpr (requires { call.NeedsOwnDirectory(); }) return call.NeedsOwnDirectory();
  return false;
}

template <typename Call>
typename Call::Result RunOnThreadOfOurs(Call& call, bool own_directory) {
  Outcome entered;
  if constexpr (requires { call.Prepare(); }) entered = call.Prepare();
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

// A call that another thread makes while this one waits: the only way to a working directory of its own.
template <typename Call>
class RunAndWait final : public threads::Task {
 public:
  static typename Call::Result Send(Call& call) {
    RunAndWait waiting(call);
    if (const int error = StartThreadFor(call, &waiting)) {
      return typename Call::Result(Outcome::Failure(error, "pthread_create", "start a thread"));
    }
    while (sem_wait(&waiting.done_) < 0 && errno == EINTR) {
    }
    return std::move(waiting.result_);
  }

 private:
  explicit RunAndWait(Call& call) : call_(call) { sem_init(&done_, 0, 0); }
  ~RunAndWait() override { sem_destroy(&done_); }

  void Run(bool own_directory) override {
    result_ = RunOnThreadOfOurs(call_, own_directory);
    sem_post(&done_);
  }

  Call& call_;
  typename Call::Result result_;
  sem_t done_;
};

template <typename Call>
class Dispatch final : public threads::Task, public CompletionQueue::Completion {
 public:
  std::optional<Call> call{std::in_place};
  Napi::FunctionReference done;

  void Run(bool own_directory) override {
    result_ = RunOnThreadOfOurs(*call, own_directory);
    // What it holds, and what it takes back, may wait for a filesystem: not on the JavaScript thread.
    call.reset();
    CompletionQueue::Deliver(this);
  }

  void Open(Napi::Env env) override {
    // The status is of no use here: done() is a promise's resolve, or the worker is being terminated.
    const napi_value result = result_.ToValue(env);
    napi_call_function(env, env.Undefined(), done.Value(), 1, &result, nullptr);
  }

  void Forget() override { done.Reset(); }

  void Fail(const Outcome& outcome) { result_ = typename Call::Result(outcome); }

 private:
  typename Call::Result result_;
};

template <typename Call>
napi_value Sync(napi_env env, napi_callback_info info) {
  Call call;
  Arguments arguments(env, info);
  call.Read(arguments);
  if (!arguments.ok()) return nullptr;
  if (!NeedsOwnDirectory(call)) return call.Run().ToValue(env);
  NoteWorkingDirectory(call);
  return RunAndWait<Call>::Send(call).ToValue(env);
}

template <typename Call>
napi_value Async(napi_env env, napi_callback_info info) {
  auto dispatch = std::make_unique<Dispatch<Call>>();
  Arguments arguments(env, info);
  Call& call = *dispatch->call;
  call.Read(arguments);
  arguments.Function("done", &dispatch->done);
  if (!arguments.ok()) return nullptr;
  CompletionQueue* queue = CompletionQueue::Of(env);
  if (queue == nullptr) return nullptr;
  NoteWorkingDirectory(call);
  queue->Register(dispatch.get());
  Dispatch<Call>* under_way = dispatch.release();
  if (const int error = StartThreadFor(call, under_way)) {
    under_way->Fail(Outcome::Failure(error, "pthread_create", "start a thread"));
    CompletionQueue::Deliver(under_way);
  }
  return nullptr;
}

inline void ExportFunction(Napi::Env env, Napi::Object exports, const std::string& name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name.data(), name.size(), function, nullptr, &value) == napi_ok) {
    exports.Set(name, value);
  }
}

// For a call that has no synchronous form.
template <typename Call>
void ExportAsync(Napi::Env env, Napi::Object exports, const std::string& name) {
  ExportFunction(env, exports, name, Async<Call>);
}

template <typename Call>
void Export(Napi::Env env, Napi::Object exports, const std::string& name) {
  ExportFunction(env, exports, name + "Sync", Sync<Call>);
  ExportAsync<Call>(env, exports, name);
}

// A call with the few arguments that it has nearly always, which are read by ReadUsual: to hand over twenty takes
// longer than all else that is done around the system calls.
template <typename Call>
class Usual final : public Call {
 public:
  void Read(Arguments& arguments) { this->ReadUsual(arguments); }
};

template <typename Call>
void ExportUsual(Napi::Env env, Napi::Object exports, const std::string& name) {
  ExportFunction(env, exports, name + "UsualSync", Sync<Usual<Call>>);
}

}  // namespace call
