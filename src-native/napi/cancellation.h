#pragma once

#include <napi.h>

#include <atomic>
#include <utility>

// Whether a call has been cancelled, decided once: either the call commits, or its caller cancels, never both. A call
// asks immediately before the step that makes what it does visible or, where that step may itself take long (mount(2)),
// immediately after it, and then takes back what it did.
class Ticket {
 public:
  Ticket() = default;
  explicit Ticket(std::atomic<int>* state) : state_(state) {}  // takes over a reference
  Ticket(Ticket&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Ticket& operator=(Ticket&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket();

  // Any thread. False: it was cancelled, and nothing may be left of the call. Without a caller who could cancel, true.
  bool Commit() const;

  // Whether there is a caller who could cancel.
  bool IsGiven() const { return state_ != nullptr; }

  // JavaScript: a new ticket, an object for Arguments::TakeTicket.
  static Napi::Value New(const Napi::CallbackInfo& info);
  // JavaScript: cancel(ticket), whether that was in time.
  static Napi::Value Cancel(const Napi::CallbackInfo& info);
  // The ticket that an object stands for; false if it is none.
  static bool FromValue(napi_env env, napi_value value, Ticket* ticket);

 private:
  std::atomic<int>* state_ = nullptr;
};
