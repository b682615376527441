// The state of a cancellation: an atomic integer that the JavaScript object and the call share.
#include "napi/cancellation.h"

#include "napi/tagged_object.h"

namespace {

// The two low bits of the state contain the decision, and the other bits count the references to the state.
enum : int { kUndecided = 0, kCommitted = 1, kCancelled = 2, kDecision = 3, kReference = 4 };

constexpr napi_type_tag kTag{0x6c696e75782d6d6f, 0x7469636b65740001};

void DropReference(std::atomic<int>* state) {
  if (state->fetch_sub(kReference, std::memory_order_acq_rel) / kReference == 1) delete state;
}

bool Decide(std::atomic<int>* state, int decision) {
  int now = state->load(std::memory_order_relaxed);
  while ((now & kDecision) == kUndecided) {
    if (state->compare_exchange_weak(now, now | decision, std::memory_order_acq_rel)) return true;
  }
  return (now & kDecision) == decision;
}

}  // namespace

Cancellation::~Cancellation() {
  if (state_ != nullptr) DropReference(state_);
}

bool Cancellation::Commit() const { return state_ == nullptr || Decide(state_, kCommitted); }

bool Cancellation::IsCancelled() const {
  return state_ != nullptr && (state_->load(std::memory_order_relaxed) & kDecision) == kCancelled;
}

Napi::Value Cancellation::New(const Napi::CallbackInfo& info) {
  return tagged_object::New(info.Env(), kTag, new std::atomic<int>(kReference), DropReference);
}

bool Cancellation::FromValue(napi_env env, napi_value value, Cancellation* cancellation) {
  auto* state = tagged_object::Get<std::atomic<int>>(env, kTag, value);
  if (state == nullptr) return false;
  state->fetch_add(kReference, std::memory_order_relaxed);
  *cancellation = Cancellation(state);
  return true;
}

Napi::Value Cancellation::Cancel(const Napi::CallbackInfo& info) {
  auto* state = tagged_object::Get<std::atomic<int>>(info.Env(), kTag, info[0]);
  return Napi::Boolean::New(info.Env(), state != nullptr && Decide(state, kCancelled));
}
