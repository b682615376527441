// Implements the calls that read a walk in batches.
#include "engines/layers/changes.h"

#include <memory>

#include "engines/layers/change_encoder.h"
#include "engines/layers/markers.h"
#include "napi/tagged_object.h"
#include "threads/lock.h"
#include "threads/pool.h"

namespace {

constexpr napi_type_tag kTag = {0x6c696e75782d6d6f, 0x756e742d6c617965};

LayerChanges* FromValue(Arguments& arguments) {
  void* changes = nullptr;
  arguments.Wrapped("walk", kTag, &changes);
  if (!arguments.ok()) return nullptr;
  auto* found = static_cast<LayerChanges*>(changes);
  found->AddReference();
  return found;
}

}  // namespace

Outcome LayerChanges::Next(std::string* batch) {
  const Lock lock(&lock_);
  if (walk_ == nullptr) return failure_;
  ChangeEncoder encoder(batch);
  bool is_complete = false;
  failure_ = walk_->Continue(&encoder, &is_complete);
  if (is_complete) walk_.reset();
  // If the walk found changes before a failure, this call returns the changes, and the next call returns the failure.
  return batch->empty() ? failure_ : Outcome{};
}

void LayerChanges::Close() {
  Stop();
  const Lock lock(&lock_);
  walk_.reset();
}

void LayerChanges::Release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::unique_ptr<LayerChanges, Deleter> last(this);
  // The thread deletes the whole object, because the walk refers to the member stop_ of this object.
  if (walk_ != nullptr) threads::DestroyOnThread(std::move(last));
}

LayerOpenCall::Result LayerOpenCall::Run() {
  const Outcome sees = user_attributes_ ? Outcome{} : CheckTrustedAttributes();
  if (sees.Failed()) return Result(sees);
  Result result;
  result.changes = LayerChanges::Reference(new LayerChanges(user_attributes_));
  result.outcome = result.changes->Open(upper_, lower_, data_);
  // The descriptors are closed before this call completes, and not when the last reference is released.
  if (result.outcome.Failed()) result.changes->Close();
  return result;
}

napi_value LayerOpenCall::Result::ToValue(Napi::Env env) {
  if (outcome.Failed()) return outcome.ToValue(env);
  return tagged_object::New<LayerChanges>(env, kTag, changes.Take(), [](LayerChanges* collected) {
    collected->Stop();
    collected->Release();
  });
}

void LayerNextCall::Read(Arguments& arguments) { changes_ = LayerChanges::Reference(FromValue(arguments)); }

LayerNextCall::Result LayerNextCall::Run() {
  Result result;
  result.outcome = changes_->Next(&result.batch);
  return result;
}

napi_value LayerNextCall::Result::ToValue(Napi::Env env) {
  if (outcome.Failed()) return outcome.ToValue(env);
  return Napi::Buffer<char>::Copy(env, batch.data(), batch.size());
}

void LayerCloseCall::Read(Arguments& arguments) {
  changes_ = LayerChanges::Reference(FromValue(arguments));
  if (arguments.ok()) changes_->Stop();
}

LayerCloseCall::Result LayerCloseCall::Run() {
  changes_->Close();
  return {};
}
