// A pool of threads for system calls that may block, so that no call blocks the JavaScript thread or a thread of libuv.
#pragma once

#include <memory>
#include <utility>

// mount(2) of a network filesystem blocks until its server answers. libuv has four threads, which the rest of the
// process needs, so this addon starts its own threads.
//
// Each call in progress occupies one thread. The pool starts a thread when no thread is idle, without a limit, and a
// thread ends after one second without work. If the system refuses a new thread, the call waits for one that becomes
// idle. The comments of this library call these threads pool threads.
namespace threads {

class Task {
 public:
  virtual ~Task() = default;

  // Pool thread. The pool calls Run once. From then on the task owns itself: it must delete itself or pass its
  // ownership on. `own_directory` is true if the thread has a working directory of its own:
  // threads/working_directory.h.
  virtual void Run(bool own_directory) = 0;

 private:
  friend class Queue;
  Task* next_ = nullptr;
};

// Starts a task on a pool thread. Returns 0, or the errno of pthread_create(3) if the pool has no thread at all; the
// caller then still owns the task.
int Start(Task* task);

// Starts a task on a new thread that ends with the task, and returns as Start does. A task that changes its thread for
// good, as setns(CLONE_NEWNS) does, must run this way, because no other task may run on such a thread.
int StartOnFreshThread(Task* task);

// Destroys an object on a pool thread, because its destructor may block: close(2) of the last descriptor of a detached
// mount unmounts the filesystem. If no thread can be started, the object is destroyed at once on the calling thread.
template <typename T>
void DestroyOnThread(T owned) {
  class Destruction final : public Task {
   public:
    explicit Destruction(T held) : held_(std::move(held)) {}
    void Run(bool) override { delete this; }

   private:
    const T held_;
  };
  auto task = std::make_unique<Destruction>(std::move(owned));
  if (Start(task.get()) == 0) static_cast<void>(task.release());
}

// Reports whether the calling thread belongs to this pool and has its own working directory, root and umask.
bool HasOwnDirectory();

// Returns why the calling thread has no working directory of its own: ENOMEM or another transient errno of unshare(2),
// or EPERM if a sandbox refuses unshare(2) or the thread belongs to no pool.
int OwnDirectoryError();

}  // namespace threads
