// The calls `layerOpen`, `layerNext` and `layerClose`: a walk through layers that JavaScript reads in batches.
#pragma once

#include <napi.h>
#include <pthread.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engines/layers/walk.h"
#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// A walk that JavaScript reads in batches. Between two batches the walk keeps its descriptors open and uses no thread.
// Several calls can share one walk, so the walk is reference-counted.
class LayerChanges {
 public:
  // A counted reference. The last reference closes the walk, on a thread of this library's pool if one can be started.
  class Reference {
   public:
    Reference() = default;
    explicit Reference(LayerChanges* changes) : changes_(changes) {}  // takes over a reference that the caller counted
    Reference(Reference&& other) noexcept : changes_(std::exchange(other.changes_, nullptr)) {}
    Reference& operator=(Reference&& other) noexcept {
      std::swap(changes_, other.changes_);
      return *this;
    }
    ~Reference() {
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

  // Appends the next encoded changes (engines/layers/change_encoder.h) to `batch`, or none when the walk is complete or
  // closed. A failure is returned after the changes that were found before the failure.
  Outcome Next(std::string* batch);

  // Ends a running walk after the current system call. Any thread may call this function.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }

  // Waits until the walk has ended, and closes all its descriptors. Waiting and closing can block.
  void Close();

  void AddReference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release();

 private:
  struct Deleter {
    void operator()(LayerChanges* changes) const { delete changes; }
  };

  ~LayerChanges() = default;

  std::atomic<size_t> references_{1};
  std::atomic<bool> stop_{false};
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  std::unique_ptr<LayerWalk> walk_;  // guarded by lock_; null when the walk is complete, failed or closed
  Outcome failure_;                  // guarded by lock_; why the walk failed
};

// layerOpen(upper, lower, dataOnly, userAttributes) returns an object that represents a walk. The `index` of a failure
// is the number of the layer: 0 is the upper layer, then the lower layers, then the data-only layers. If the kernel
// hides "trusted.*" attributes from this process, the call fails with EPERM at the step "trusted attributes", because
// opaque directories would be missed.
class LayerOpenCall {
 public:
  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env);

    Outcome outcome;
    LayerChanges::Reference changes;
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

// layerNext(walk) returns a Buffer of encoded changes, which is empty when the walk is complete. A failure has the
// number of the layer in `index` and the path in the layer in `other`.
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
  LayerChanges::Reference changes_;
};

// layerClose(walk) stops the walk, and completes when the walk has ended and all its descriptors are closed.
class LayerCloseCall {
 public:
  using Result = Outcome;

  void Read(Arguments& arguments);
  Result Run();

 private:
  LayerChanges::Reference changes_;
};
