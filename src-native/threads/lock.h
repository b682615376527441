// Lock: holds a mutex until the end of the scope.
#pragma once

#include <pthread.h>

// std::mutex and std::lock_guard would need libstdc++ at run time (libc/freestanding.cc).
class Lock {
 public:
  explicit Lock(pthread_mutex_t* mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~Lock() { pthread_mutex_unlock(mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  pthread_mutex_t* const mutex_;
};
