#pragma once

#include <napi.h>

#include <atomic>
#include <utility>

// Whether a call has been cancelled, decided once: either the call commits, or its caller cancels, never both. A call
// asks immediately before the step that makes what it does visible or, where that step may itself take long (mount(2)),
// immediately after it, and then takes back what it did.
class Cancellation {
 public:
  Cancellation() = default;
  explicit Cancellation(std::atomic<int>* state) : state_(state) {}  // takes over a reference
  Cancellation(Cancellation&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Cancellation& operator=(Cancellation&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;
  ~Cancellation();

  // Any thread. False: it was cancelled, and nothing may be left of the call. Without a caller who could cancel, true.
  bool Commit() const;

  // Whether there is a caller who could cancel.
  bool IsGiven() const { return state_ != nullptr; }

  // JavaScript: a new cancellation, an object for Arguments::TakeCancellation.
  static Napi::Value New(const Napi::CallbackInfo& info);
  // JavaScript: cancel(cancellation), whether that was in time.
  static Napi::Value Cancel(const Napi::CallbackInfo& info);
  // The cancellation that an object stands for; false if it is none.
  static bool FromValue(napi_env env, napi_value value, Cancellation* cancellation);

 private:
  std::atomic<int>* state_ = nullptr;
};
