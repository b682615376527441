#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engines/layers/layer_walk.h"
#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// A walk that JavaScript asks for one batch after the other. Between two batches it has its descriptors and no thread.
class LayerChanges {
 public:
  // One that is held by several; the last one closes it, on a thread of ours where one can be had.
  class Holder {
   public:
    Holder() = default;
    explicit Holder(LayerChanges* changes) : changes_(changes) {}  // takes over a reference
    Holder(Holder&& other) noexcept : changes_(std::exchange(other.changes_, nullptr)) {}
    Holder& operator=(Holder&& other) noexcept {
      std::swap(changes_, other.changes_);
      return *this;
    }
    ~Holder() {
      if (changes_ != nullptr) changes_->Release();
    }
    LayerChanges* operator->() const { return changes_; }
    LayerChanges* Take() { return std::exchange(changes_, nullptr); }

   private:
    LayerChanges* changes_ = nullptr;
  };

  explicit LayerChanges(bool user_attributes) : walk_(std::make_unique<LayerWalk>(user_attributes, stop_)) {}

  Outcome Open(const std::string& upper, const std::vector<std::string>& lower, const std::vector<std::string>& data) {
    return walk_->Open(upper, lower, data);
  }

  // The next changes, as engines/layers/layer_record.h has them; none when it is over or was closed. Of a failure it is
  // told once what was found before has been taken.
  Outcome Next(std::string* batch);

  // Any thread. Ends a walk that is under way, as soon as the kernel has answered what it was asked last.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }

  // Waits until it has ended, and closes all descriptors: on a thread that may wait.
  void Close();

  void Hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void Release();

 private:
  struct Deleter {
    void operator()(LayerChanges* changes) const { delete changes; }
  };

  ~LayerChanges() = default;

  std::atomic<size_t> holders_{1};
  std::atomic<bool> stop_{false};
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  std::unique_ptr<LayerWalk> walk_;  // under lock_; none when it is over
  Outcome failure_;                  // under lock_; why it is over
};

// layerOpen(upper, lower, data, userAttributes): an object that stands for a walk, or a failure, whose `index` is the
// layer: 0 the upper one, then the lower ones, then those with data only. Without the right to see "trusted."
// attributes, which would then seem not to be there, EPERM at the step "trusted attributes".
class LayerOpenCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env);

    Outcome outcome;
    LayerChanges::Holder changes;
  };

  void Read(Arguments& arguments) {
    arguments.Bytes("upper", &upper_)
        .BytesList("lower", &lower_)
        .BytesList("dataOnly", &data_)
        .Boolean("userAttributes", &user_attributes_);
  }
  bool IsRelative() const { return true; }
  Result Run();

  WorkingDirectory directory;

 private:
  std::string upper_;
  std::vector<std::string> lower_, data_;
  bool user_attributes_ = false;
};

// layerNext(walk): a Buffer of records, of no bytes when there are no more; or a failure, whose `index` is the layer
// and `other` the path in it.
class LayerNextCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env);

    Outcome outcome;
    std::string batch;
  };

  void Read(Arguments& arguments);
  Result Run();

 private:
  LayerChanges::Holder changes_;
};

// layerClose(walk): stops it at once, and is done when it has ended and nothing of it is open.
class LayerCloseCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments);
  Result Run();

 private:
  LayerChanges::Holder changes_;
};
