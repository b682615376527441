// CompletionQueue: delivers the results of finished calls to the JavaScript thread that made the calls.
#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>

// Each JavaScript environment (the main thread, and each worker) has one queue. While a completion is registered, the
// queue keeps the event loop of its environment alive.
//
// A call may finish after its environment has ended, because the worker was terminated or the process exits. The queue
// then deletes the completion and does not call Complete. The effect of the system call remains.
class CompletionQueue {
 public:
  // A Completion belongs to one call. A class derives from Completion and stores the result of the call.
  class Completion {
   public:
    virtual ~Completion() = default;

    // Passes the result to JavaScript, on the JavaScript thread with an open handle scope. The queue deletes the
    // completion afterwards.
    virtual void Complete(Napi::Env env) = 0;

    // Releases all references to JavaScript values, on the JavaScript thread, when the environment is about to end.
    virtual void ReleaseReferences() = 0;

   private:
    friend class CompletionQueue;
    CompletionQueue* queue_ = nullptr;
    Completion* previous_ = nullptr;
    Completion* next_ = nullptr;
  };

  // JavaScript thread. Returns the queue of the environment, and creates it at the first call. Returns null with a
  // pending exception on failure.
  static CompletionQueue* Of(Napi::Env env);

  // JavaScript thread. Registers the completion of a call that is about to start.
  void Register(Completion* completion);

  // Any thread. Hands a registered completion to the JavaScript thread. If the environment has ended, the completion is
  // deleted on a pool thread, because its result may be a detached mount, and its unmount may block.
  static void Deliver(Completion* completion);

 private:
  CompletionQueue() = default;
  ~CompletionQueue() = default;
  static void CompleteOne(napi_env env, napi_value, void* queue, void* completion);
  static void Close(void* queue);
  void Unregister(Completion* completion);
  void DropReference();

  napi_env env_ = nullptr;
  Completion* registered_ = nullptr;   // A linked list, for the JavaScript thread only.
  std::atomic<size_t> references_{1};  // One reference for the environment, and one for each registered completion.
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  napi_threadsafe_function function_ = nullptr;  // Protected by lock_; null after the environment has ended.
};
