// Cancellation: decides once whether a call commits or its caller cancels it.
#pragma once

#include <napi.h>

#include <atomic>
#include <utility>

// The pool thread calls Commit() and the JavaScript thread calls cancel(), and only the first of the two succeeds. A
// call commits immediately before the system call that changes the mount table. If this system call may block, as
// mount(2) may, the call commits immediately after the system call, and unmounts the new mount if the caller has
// cancelled the call meanwhile.
class Cancellation {
 public:
  Cancellation() = default;
  explicit Cancellation(std::atomic<int>* state) : state_(state) {}  // Takes over one reference to the state.
  Cancellation(Cancellation&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Cancellation& operator=(Cancellation&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;
  ~Cancellation();

  // Any thread. Returns false if the caller has cancelled the call, which must then undo all that it has done. Returns
  // true if the caller passed no cancellation object.
  bool Commit() const;

  // Any thread. Reports whether the caller has cancelled the call.
  bool IsCancelled() const;

  // Reports whether the caller passed a cancellation object.
  bool IsGiven() const { return state_ != nullptr; }

  // JavaScript: newCancellation() returns an object to pass to one call.
  static Napi::Value New(const Napi::CallbackInfo& info);
  // JavaScript: cancel(object) returns true if it cancels the call, and false if the call has committed before.
  static Napi::Value Cancel(const Napi::CallbackInfo& info);
  // Finds the cancellation of a JavaScript object. Returns false if newCancellation() did not return the object.
  static bool FromValue(napi_env env, napi_value value, Cancellation* cancellation);

 private:
  std::atomic<int>* state_ = nullptr;
};
