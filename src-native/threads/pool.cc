#include "threads/pool.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernel/transient_error.h"
#include "libc/oldest_glibc.h"
#include "threads/lock.h"

namespace threads {

namespace {
constexpr size_t kStackBytes = 256 * 1024;
constexpr time_t kIdleSeconds = 1;
constexpr int64_t kLookOutNanoseconds = 50'000;

thread_local int own_directory_error = EPERM;  // 0 on a thread that has one

int StartThread(void* (*main)(void*), void* argument) {
  // The process's signals are handled on its own threads: ours are born with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, main, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error;
}

// What every thread of ours does first. Its working directory is its own from here on, and is one that everybody keeps
// in use anyway. False when a sandbox refuses that, or for want of memory: the directory is the process's and must not
// be touched.
bool PrepareThread() {
  pthread_setname_np(pthread_self(), "linux-mount");
  const bool own_directory = unshare(CLONE_FS) == 0;
  own_directory_error = own_directory ? 0 : IsTransient(errno) ? errno : EPERM;
  [[maybe_unused]] const int result = own_directory ? chdir("/") : 0;
  return own_directory;
}

void* RunOneTask(void* task) {
  static_cast<Task*>(task)->Run(PrepareThread());
  return nullptr;
}

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
}  // namespace

// All fields but the conditions are read and written under `lock_`, unless they say more. The one instance is for the
// whole process: threads belong to no JavaScript environment, they outlive the worker that started them. It is never
// destroyed, as threads may still run while the process exits.
class Queue {
 public:
  Queue() {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&work_, &attributes);
    pthread_condattr_destroy(&attributes);
  }

  int Start(Task* task) {
    // One start after the other, up to what is done when it fails: two that fail at once would each count on the
    // other's thread, and a task would stay for ever.
    const Lock start(&start_);
    pthread_mutex_lock(&lock_);
    Push(task);
    const bool enough = queued_.load(std::memory_order_relaxed) <= idle_;
    if (!enough) ++threads_;
    pthread_mutex_unlock(&lock_);
    // After the lock is free, so that the thread does not wake up only to wait for it.
    if (enough) {
      pthread_cond_signal(&work_);
      return 0;
    }

    const int error = StartThread(ThreadMain, this);
    if (error == 0) return 0;
    const Lock lock(&lock_);
    --threads_;
    return threads_ == 0 && Remove(task) ? error : 0;
  }

 private:
  static void* ThreadMain(void* queue) {
    static_cast<Queue*>(queue)->Serve();
    return nullptr;
  }

  void Serve() {
    bool own_directory = PrepareThread();
    pthread_mutex_lock(&lock_);
    while (Task* task = WaitForTask()) {
      pthread_mutex_unlock(&lock_);
      // What it was short of may be there by now.
      if (IsTransient(own_directory_error)) own_directory = PrepareThread();
      task->Run(own_directory);
      pthread_mutex_lock(&lock_);
    }
    --threads_;
    pthread_mutex_unlock(&lock_);
  }

  Task* WaitForTask() {
    if (first_ == nullptr && !somebody_looks_out_) LookOut();
    timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += kIdleSeconds;
    int error = 0;
    while (first_ == nullptr && error != ETIMEDOUT) {
      ++idle_;
      error = pthread_cond_timedwait(&work_, &lock_, &until);
      --idle_;
    }
    return Pop();
  }

  // Calls that are awaited one after the other come within this time, and to wake a thread that sleeps on another
  // processor may take longer than the system call does. One thread at a time stays awake for it, and offers its
  // processor to everybody else meanwhile.
  void LookOut() {
    ++idle_;
    somebody_looks_out_ = true;
    pthread_mutex_unlock(&lock_);
    for (const int64_t end = Now() + kLookOutNanoseconds;
         queued_.load(std::memory_order_relaxed) == 0 && Now() < end;) {
      sched_yield();
    }
    pthread_mutex_lock(&lock_);
    somebody_looks_out_ = false;
    --idle_;
  }

  void Push(Task* task) {
    (first_ == nullptr ? first_ : last_->next_) = task;
    last_ = task;
    queued_.fetch_add(1, std::memory_order_relaxed);
  }

  Task* Pop() {
    if (first_ == nullptr) return nullptr;
    queued_.fetch_sub(1, std::memory_order_relaxed);
    return std::exchange(first_, first_->next_);
  }

  bool Remove(Task* task) {
    Task* previous = nullptr;
    for (Task* at = first_; at != nullptr; previous = std::exchange(at, at->next_)) {
      if (at != task) continue;
      (previous == nullptr ? first_ : previous->next_) = at->next_;
      if (last_ == at) last_ = previous;
      queued_.fetch_sub(1, std::memory_order_relaxed);
      return true;
    }
    return false;
  }

  pthread_mutex_t start_ = PTHREAD_MUTEX_INITIALIZER;  // taken before lock_, and by those who start only
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t work_;
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  bool somebody_looks_out_ = false;
  // Tasks that no thread has taken yet. Read by LookOut as well, which holds no lock.
  std::atomic<size_t> queued_{0};
  size_t threads_ = 0;  // running or being started
  size_t idle_ = 0;     // of these, waiting for a task
};

int Start(Task* task) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static Queue* queue;
  pthread_once(&once, [] { queue = new Queue; });
  return queue->Start(task);
}

bool HasOwnDirectory() { return own_directory_error == 0; }

int OwnDirectoryError() { return own_directory_error; }

int StartOnFreshThread(Task* task) { return StartThread(RunOneTask, task); }

}  // namespace threads
