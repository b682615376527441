#pragma once

#include <memory>
#include <utility>

// Threads for calls that may wait: a mount can hang for as long as a dead server likes, and libuv's four threads are
// needed for everything else in the process.
//
// A call in flight has a thread to itself. Threads start when they are needed, without a limit of ours, and end after
// a second without work. When the system gives no further thread the call waits for one that becomes free.
namespace threads {

class Task {
 public:
  virtual ~Task() = default;

  // Runs once, on a thread of ours; the task owns itself from here on. `own_directory`: see
  // threads/working_directory.h.
  virtual void Run(bool own_directory) = 0;

 private:
  friend class Queue;
  Task* next_ = nullptr;
};

// Hands the task over. Returns 0, or the errno of pthread_create(3), and then the task still belongs to the caller.
int Start(Task* task);

// The same on a thread that is started for this task and ends with it: for a task that changes its thread for good, as
// unshare(CLONE_NEWNS) does. Such a thread must never run anyone else's work.
int StartOnFreshThread(Task* task);

// Lets go of something on a thread of ours, as that may wait; where no thread can be had, here and now.
template <typename T>
void DestroyOnThread(T owned) {
  class Holding final : public Task {
   public:
    explicit Holding(T held) : held_(std::move(held)) {}
    void Run(bool) override { delete this; }

   private:
    const T held_;
  };
  auto task = std::make_unique<Holding>(std::move(owned));
  if (Start(task.get()) == 0) static_cast<void>(task.release());
}

// Whether the calling thread is one of ours with a working directory, root and umask of its own.
bool HasOwnDirectory();

// Why not: what the system is short of just now, or EPERM where a sandbox refuses it, and on a thread that is none of
// ours.
int OwnDirectoryError();

}  // namespace threads
