// The thread pool: a queue of tasks, and threads that start when none is idle and end after a second without work.
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
constexpr int64_t kSpinNanoseconds = 50'000;

// The result of OwnDirectoryError(): 0 if the thread has a working directory of its own.
thread_local int own_directory_error = EPERM;

int StartThread(void* (*main)(void*), void* argument) {
  // A new thread inherits the signal mask, so it starts with all signals blocked and runs no signal handler.
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

// Gives the calling pool thread a working directory of its own, and changes to "/", which every process keeps in use
// anyway. Returns false if a sandbox refuses unshare(2) or memory is short. The thread then shares the working
// directory of the process and must not change it.
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

// Queue contains the tasks that wait for a thread. The process has one queue. Pool threads belong to no JavaScript
// environment and outlive the worker that started them. The queue is never destroyed, because its threads may still run
// while the process exits. `lock_` protects all fields unless their comment says otherwise.
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
    // `start_` serialises this function. If two calls failed to start a thread at the same time, each call would rely
    // on the thread of the other call, and neither task would ever run.
    const Lock start(&start_);
    pthread_mutex_lock(&lock_);
    Push(task);
    const bool enough = queued_.load(std::memory_order_relaxed) <= idle_;
    if (!enough) ++threads_;
    pthread_mutex_unlock(&lock_);
    // The signal is sent after the unlock, so that the thread does not wake up only to wait for `lock_`.
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
      // The resource that unshare(2) lacked may be available by now.
      if (IsTransient(own_directory_error)) own_directory = PrepareThread();
      task->Run(own_directory);
      pthread_mutex_lock(&lock_);
    }
    --threads_;
    pthread_mutex_unlock(&lock_);
  }

  Task* WaitForTask() {
    if (first_ == nullptr && !is_spinning_) Spin();
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

  // Waits for a task without sleeping. Calls that JavaScript awaits one after the other arrive within kSpinNanoseconds,
  // and waking a sleeping thread on another processor may take longer than the system call itself: an awaited
  // isMountPoint() takes 10 µs with the loop and 50 µs without (medians, two processors). At most one thread spins, and
  // the thread yields its processor to every other thread meanwhile.
  void Spin() {
    ++idle_;
    is_spinning_ = true;
    pthread_mutex_unlock(&lock_);
    for (const int64_t end = Now() + kSpinNanoseconds; queued_.load(std::memory_order_relaxed) == 0 && Now() < end;) {
      sched_yield();
    }
    pthread_mutex_lock(&lock_);
    is_spinning_ = false;
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

  pthread_mutex_t start_ = PTHREAD_MUTEX_INITIALIZER;  // Start() locks start_ before lock_.
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t work_;
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  bool is_spinning_ = false;
  // The number of tasks that no thread has taken yet. Spin() reads it without lock_.
  std::atomic<size_t> queued_{0};
  size_t threads_ = 0;  // Threads that run or are being started.
  size_t idle_ = 0;     // Threads that wait for a task.
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
