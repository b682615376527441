#include "napi/completion.h"

#include <memory>
#include <utility>

#include "threads/pool.h"

namespace {

// The queue is deleted by its last holder, not with the instance data.
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
      // Added after the bell's own clean-up, so run before it: the bell is never rung when it is gone.
      napi_add_env_cleanup_hook(env, Close, queue) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return nullptr;  // leaked, as the bell may point to it: an environment that fails here is on its way out
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
  holders_.fetch_add(1, std::memory_order_relaxed);
}

void CompletionQueue::Unregister(Completion* completion) {
  (completion->previous_ == nullptr ? registered_ : completion->previous_->next_) = completion->next_;
  if (completion->next_ != nullptr) completion->next_->previous_ = completion->previous_;
  if (registered_ == nullptr) napi_unref_threadsafe_function(env_, function_);
}

void CompletionQueue::Deliver(Completion* completion) {
  CompletionQueue* queue = completion->queue_;
  pthread_mutex_lock(&queue->lock_);
  const bool open = queue->function_ != nullptr;
  // Its queue has no limit, and it closes after Close only: there is nothing that could go wrong.
  if (open) napi_call_threadsafe_function(queue->function_, completion, napi_tsfn_nonblocking);
  pthread_mutex_unlock(&queue->lock_);
  if (open) return;
  delete completion;
  queue->Release();
}

void CompletionQueue::CompleteOne(napi_env env, napi_value, void* data, void* posted) {
  auto* queue = static_cast<CompletionQueue*>(data);
  std::unique_ptr<Completion> completion(static_cast<Completion*>(posted));
  // Without an environment the completion was still in the bell's queue when that was taken down.
  if (env != nullptr && queue->env_ != nullptr) {
    Napi::HandleScope scope(env);
    queue->Unregister(completion.get());
    completion->Open(env);
  } else {
    threads::DestroyOnThread(std::move(completion));
  }
  completion.reset();
  queue->Release();
}

void CompletionQueue::Close(void* data) {
  auto* queue = static_cast<CompletionQueue*>(data);
  // Under the lock to the end: from then on Post throws completions away on other threads, where nothing of JavaScript
  // may be in them any more.
  pthread_mutex_lock(&queue->lock_);
  for (Completion* completion = queue->registered_; completion != nullptr; completion = completion->next_)
    completion->Forget();
  queue->registered_ = nullptr;
  queue->env_ = nullptr;
  queue->function_ = nullptr;
  pthread_mutex_unlock(&queue->lock_);
  queue->Release();
}

void CompletionQueue::Release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}
