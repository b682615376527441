#include "engines/layers/layer_changes.h"

#include <memory>

#include "engines/layers/layer_marks.h"
#include "engines/layers/layer_record.h"
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
  found->Hold();
  return found;
}

}  // namespace

Outcome LayerChanges::Next(std::string* batch) {
  const Lock lock(&lock_);
  if (walk_ == nullptr) return failure_;
  LayerBatch listener(batch);
  bool over = false;
  failure_ = walk_->Go(&listener, &over);
  if (over) walk_.reset();
  // What was found before the failure is told first.
  return batch->empty() ? failure_ : Outcome{};
}

void LayerChanges::Close() {
  Stop();
  const Lock lock(&lock_);
  walk_.reset();
}

void LayerChanges::Release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::unique_ptr<LayerChanges, Deleter> last(this);
  // All of it, as the walk looks at what is beside it.
  if (walk_ != nullptr) threads::DestroyOnThread(std::move(last));
}

LayerOpenCall::Result LayerOpenCall::Run() {
  const Outcome sees = user_attributes_ ? Outcome{} : SeeTrustedAttributes();
  if (sees.Failed()) return Result(sees);
  Result result;
  result.changes = LayerChanges::Holder(new LayerChanges(user_attributes_));
  result.outcome = result.changes->Open(upper_, lower_, data_);
  // Here, not when the last holder goes, which is after the answer.
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

void LayerNextCall::Read(Arguments& arguments) { changes_ = LayerChanges::Holder(FromValue(arguments)); }

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
  changes_ = LayerChanges::Holder(FromValue(arguments));
  if (arguments.ok()) changes_->Stop();
}

LayerCloseCall::Result LayerCloseCall::Run() {
  changes_->Close();
  return {};
}
