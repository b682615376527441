// Implements CompletionQueue with one thread-safe function of Node-API per JavaScript environment.
#include "napi/completion.h"

#include <memory>
#include <utility>

#include "threads/pool.h"

namespace {

// The finalizer of the instance data deletes nothing: DropReference deletes the queue with its last reference.
void KeepQueue(Napi::Env, CompletionQueue*) {}

}  // namespace

CompletionQueue* CompletionQueue::Of(Napi::Env env) {
  if (auto* known = env.GetInstanceData<CompletionQueue>()) return known;
  auto* queue = new CompletionQueue;
  queue->env_ = env;
  napi_value name;
  if (napi_create_string_utf8(env, "linux-mount", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, queue, CompleteOne,
                                      &queue->function_) != napi_ok ||
      napi_unref_threadsafe_function(env, queue->function_) != napi_ok ||
      // Node.js runs the newest cleanup hook first. Close therefore runs before the hook of the thread-safe function,
      // and no thread calls the function after Node.js has released it.
      napi_add_env_cleanup_hook(env, Close, queue) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    // The queue leaks, because the thread-safe function may point to it. Node-API fails here only in an environment
    // that is about to end.
    return nullptr;
  }
  env.SetInstanceData<CompletionQueue, KeepQueue>(queue);
  return queue;
}

void CompletionQueue::Register(Completion* completion) {
  completion->queue_ = this;
  completion->next_ = registered_;
  if (registered_ != nullptr) {
    registered_->previous_ = completion;
  } else {
    napi_ref_threadsafe_function(env_, function_);
  }
  registered_ = completion;
  references_.fetch_add(1, std::memory_order_relaxed);
}

void CompletionQueue::Unregister(Completion* completion) {
  (completion->previous_ == nullptr ? registered_ : completion->previous_->next_) = completion->next_;
  if (completion->next_ != nullptr) completion->next_->previous_ = completion->previous_;
  if (registered_ == nullptr) napi_unref_threadsafe_function(env_, function_);
}

void CompletionQueue::Deliver(Completion* completion) {
  CompletionQueue* queue = completion->queue_;
  pthread_mutex_lock(&queue->lock_);
  const bool is_open = queue->function_ != nullptr;
  // This call cannot fail: the queue of the thread-safe function has no limit, and Node.js closes it only after
  // Close().
  if (is_open) napi_call_threadsafe_function(queue->function_, completion, napi_tsfn_nonblocking);
  pthread_mutex_unlock(&queue->lock_);
  if (is_open) return;
  delete completion;
  queue->DropReference();
}

void CompletionQueue::CompleteOne(napi_env env, napi_value, void* data, void* delivered) {
  auto* queue = static_cast<CompletionQueue*>(data);
  std::unique_ptr<Completion> completion(static_cast<Completion*>(delivered));
  // `env` is null if Node.js released the thread-safe function while the completion was in its queue.
  if (env != nullptr && queue->env_ != nullptr) {
    Napi::HandleScope scope(env);
    queue->Unregister(completion.get());
    completion->Complete(env);
  } else {
    threads::DestroyOnThread(std::move(completion));
  }
  completion.reset();
  queue->DropReference();
}

void CompletionQueue::Close(void* data) {
  auto* queue = static_cast<CompletionQueue*>(data);
  // The lock is held until the end of this function. As soon as `function_` is null, Deliver deletes completions on
  // pool threads, where they must not contain references to JavaScript values any more.
  pthread_mutex_lock(&queue->lock_);
  for (Completion* each = queue->registered_; each != nullptr; each = each->next_) each->ReleaseReferences();
  queue->registered_ = nullptr;
  queue->env_ = nullptr;
  queue->function_ = nullptr;
  pthread_mutex_unlock(&queue->lock_);
  queue->DropReference();
}

void CompletionQueue::DropReference() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}
