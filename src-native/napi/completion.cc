#include "napi/completion.h"

#include <memory>
#include <utility>

#include "threads/pool.h"

namespace {

// The mailbox is deleted by its last holder, not with the instance data.
void KeepMailbox(Napi::Env, Mailbox*) {}

}  // namespace

Mailbox* Mailbox::Of(Napi::Env env) {
  if (auto* known = env.GetInstanceData<Mailbox>()) return known;
  auto* mailbox = new Mailbox;
  mailbox->env_ = env;
  napi_value name;
  if (napi_create_string_utf8(env, "linux-mount", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, mailbox, OpenLetter,
                                      &mailbox->bell_) != napi_ok ||
      napi_unref_threadsafe_function(env, mailbox->bell_) != napi_ok ||
      // Added after the bell's own clean-up, so run before it: the bell is never rung when it is gone.
      napi_add_env_cleanup_hook(env, Close, mailbox) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
    return nullptr;  // leaked, as the bell may point to it: an environment that fails here is on its way out
  }
  env.SetInstanceData<Mailbox, KeepMailbox>(mailbox);
  return mailbox;
}

void Mailbox::Expect(Letter* letter) {
  letter->mailbox_ = this;
  letter->next_ = expected_;
  if (expected_ != nullptr) {
    expected_->previous_ = letter;
  } else {
    napi_ref_threadsafe_function(env_, bell_);
  }
  expected_ = letter;
  holders_.fetch_add(1, std::memory_order_relaxed);
}

void Mailbox::Strike(Letter* letter) {
  (letter->previous_ == nullptr ? expected_ : letter->previous_->next_) = letter->next_;
  if (letter->next_ != nullptr) letter->next_->previous_ = letter->previous_;
  if (expected_ == nullptr) napi_unref_threadsafe_function(env_, bell_);
}

void Mailbox::Post(Letter* letter) {
  Mailbox* mailbox = letter->mailbox_;
  pthread_mutex_lock(&mailbox->lock_);
  const bool open = mailbox->bell_ != nullptr;
  // Its queue has no limit, and it closes after Close only: there is nothing that could go wrong.
  if (open) napi_call_threadsafe_function(mailbox->bell_, letter, napi_tsfn_nonblocking);
  pthread_mutex_unlock(&mailbox->lock_);
  if (open) return;
  delete letter;
  mailbox->Release();
}

void Mailbox::OpenLetter(napi_env env, napi_value, void* data, void* posted) {
  auto* mailbox = static_cast<Mailbox*>(data);
  std::unique_ptr<Letter> letter(static_cast<Letter*>(posted));
  // Without an environment the letter was still in the bell's queue when that was taken down.
  if (env != nullptr && mailbox->env_ != nullptr) {
    Napi::HandleScope scope(env);
    mailbox->Strike(letter.get());
    letter->Open(env);
  } else {
    threads::LetGo(std::move(letter));
  }
  letter.reset();
  mailbox->Release();
}

void Mailbox::Close(void* data) {
  auto* mailbox = static_cast<Mailbox*>(data);
  // Under the lock to the end: from then on Post throws letters away on other threads, where nothing of JavaScript may
  // be in them any more.
  pthread_mutex_lock(&mailbox->lock_);
  for (Letter* letter = mailbox->expected_; letter != nullptr; letter = letter->next_) letter->Forget();
  mailbox->expected_ = nullptr;
  mailbox->env_ = nullptr;
  mailbox->bell_ = nullptr;
  pthread_mutex_unlock(&mailbox->lock_);
  mailbox->Release();
}

void Mailbox::Release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}
