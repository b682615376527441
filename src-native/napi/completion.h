#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>

// Brings finished tasks back to the JavaScript thread that started them, for as long as that thread is there.
//
// There is one queue for each JavaScript environment (the main thread, each worker). A task may finish after its
// environment is gone: the worker was terminated, the process is exiting. It is then thrown away, its system call
// having done what it did. While completions are under way the environment is kept alive; afterwards it is not.
class CompletionQueue {
 public:
  class Completion {
   public:
    virtual ~Completion() = default;

    // JavaScript thread, with a handle scope open; the completion is deleted afterwards.
    virtual void Open(Napi::Env env) = 0;

    // JavaScript thread: the environment is going away, let go of all that belongs to it.
    virtual void Forget() = 0;

   private:
    friend class CompletionQueue;
    CompletionQueue* queue_ = nullptr;
    Completion* previous_ = nullptr;
    Completion* next_ = nullptr;
  };

  // JavaScript thread. The environment's queue, made when first asked for; null with an exception pending.
  static CompletionQueue* Of(Napi::Env env);

  // JavaScript thread: the completion is under way from now on.
  void Register(Completion* completion);

  // Any thread: hands an expected completion over, to be opened or thrown away; the latter on a thread of ours, as what
  // it has brought may be a mount without a place, which goes with it and may wait.
  static void Deliver(Completion* completion);

 private:
  CompletionQueue() = default;
  ~CompletionQueue() = default;
  static void CompleteOne(napi_env env, napi_value, void* queue, void* completion);
  static void Close(void* queue);
  void Unregister(Completion* completion);
  void Release();

  napi_env env_ = nullptr;
  Completion* registered_ = nullptr;  // JavaScript thread only
  std::atomic<size_t> holders_{1};    // the environment, and each completion under way
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  napi_threadsafe_function function_ = nullptr;  // under lock_; null likewise
};
