#pragma once

#include <string>

#include "engines/layers/layer_walk.h"

// Changes as bytes, for JavaScript to read one after the other when it is asked for them: objects for a whole batch
// would hold up its thread. Each is this, then the path, then the paths of source and content where they are given.
struct LayerRecord {
  static constexpr uint32_t kSamePath = UINT32_MAX;
  static constexpr uint32_t kApart = 1U << 31;
  enum Flags : uint8_t { kDataChanged = 1, kMetadataChanged = 2 };

  uint32_t length;  // with the paths
  uint8_t type;     // LayerWalk::Type
  uint8_t flags;
  uint16_t layer;        // of the source: 0 is the upper one, then come the lower ones, then those with data only
  uint32_t before_mode;  // st_mode of what was there; 0: nothing
  uint32_t mode;         // st_mode; 0: nothing
  uint32_t uid;
  uint32_t gid;
  uint32_t special_major;
  uint32_t special_minor;
  uint32_t links;
  uint32_t path_length;
  uint64_t size;
  int64_t modified;  // nanoseconds since 1970; or seconds, see `apart`
  uint64_t device;
  uint64_t inode;
  uint32_t source_length;   // kSamePath: as the path
  uint32_t content_length;  // kSamePath: as the source, and in its layer
  uint32_t content_layer;
  uint32_t apart;  // kApart and the nanoseconds, of a time that is more than 292 years from 1970
};
static_assert(sizeof(LayerRecord) == 88);

class LayerBatch final : public LayerWalk::Listener {
 public:
  explicit LayerBatch(std::string* bytes) : bytes_(bytes) {}

  void Tell(const LayerWalk::Change& change) override;
  bool HasEnough() const override { return count_ == kMostChanges || bytes_->size() >= kManyBytes; }

 private:
  static constexpr size_t kMostChanges = 512;
  static constexpr size_t kManyBytes = 256 * 1024;

  std::string* const bytes_;
  size_t count_ = 0;
};
