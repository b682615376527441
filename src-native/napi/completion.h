#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>

// Brings finished tasks back to the JavaScript thread that started them, for as long as that thread is there.
//
// There is one mailbox for each JavaScript environment (the main thread, each worker). A task may finish after its
// environment is gone: the worker was terminated, the process is exiting. It is then thrown away, its system call
// having done what it did. While letters are under way the environment is kept alive; afterwards it is not.
class Mailbox {
 public:
  class Letter {
   public:
    virtual ~Letter() = default;

    // JavaScript thread, with a handle scope open; the letter is deleted afterwards.
    virtual void Open(Napi::Env env) = 0;

    // JavaScript thread: the environment is going away, let go of all that belongs to it.
    virtual void Forget() = 0;

   private:
    friend class Mailbox;
    Mailbox* mailbox_ = nullptr;
    Letter* previous_ = nullptr;
    Letter* next_ = nullptr;
  };

  // JavaScript thread. The environment's mailbox, made when first asked for; null with an exception pending.
  static Mailbox* Of(Napi::Env env);

  // JavaScript thread: the letter is under way from now on.
  void Expect(Letter* letter);

  // Any thread: hands an expected letter over, to be opened or thrown away; the latter on a thread of ours, as what it
  // has brought may be a mount without a place, which goes with it and may wait.
  static void Post(Letter* letter);

 private:
  Mailbox() = default;
  ~Mailbox() = default;
  static void OpenLetter(napi_env env, napi_value, void* mailbox, void* letter);
  static void Close(void* mailbox);
  void Strike(Letter* letter);
  void Release();

  napi_env env_ = nullptr;
  Letter* expected_ = nullptr;      // JavaScript thread only
  std::atomic<size_t> holders_{1};  // the environment, and each letter under way
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  napi_threadsafe_function bell_ = nullptr;  // under lock_; null likewise
};
