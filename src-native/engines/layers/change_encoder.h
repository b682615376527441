// Encodes the changes of a walk as bytes. lib/layers/change-decoder.ts decodes them.
#pragma once

#include <string>

#include "engines/layers/comparison.h"
#include "engines/layers/lookup.h"

enum class ChangeType : uint8_t { kAdded, kModified, kDeleted };

struct LayerChange {
  ChangeType type;
  const MergedEntry& before;
  const MergedEntry& after;
  LayerDifference difference;
  const std::string& path;
};

// The encoded form of one change: this header, the path, the path of the source if source_length is not kSamePath, and
// the path of the content if content_length is not kSamePath. JavaScript decodes each change when the caller asks for
// the change, because objects for a whole batch would block the event loop. All numbers are in native byte order.
struct EncodedChange {
  static constexpr uint32_t kSamePath = UINT32_MAX;
  static constexpr uint32_t kModifiedInSeconds = 1U << 31;
  enum Flags : uint8_t { kDataChanged = 1, kMetadataChanged = 2 };

  uint32_t length;  // the number of bytes of the encoded change, with all paths
  uint8_t type;     // ChangeType
  uint8_t flags;
  uint16_t layer;  // the layer of the source: 0 is the upper layer, then the lower layers, then the data-only layers
  uint32_t before_mode;  // st_mode of the entry without the upper layer; 0 if no such entry exists
  uint32_t mode;         // st_mode of the entry with the upper layer; 0 if no such entry exists
  uint32_t uid;
  uint32_t gid;
  uint32_t special_major;
  uint32_t special_minor;
  uint32_t links;
  uint32_t path_length;
  uint64_t size;
  int64_t modified;  // time of modification in nanoseconds since 1970, or in seconds if modified_nanoseconds is not 0
  uint64_t device;
  uint64_t inode;
  uint32_t source_length;         // bytes of the path of the source; kSamePath if it is the path of the change
  uint32_t content_length;        // bytes of the path of the content; kSamePath if the source has the content
  uint32_t content_layer;         // the layer of the content
  uint32_t modified_nanoseconds;  // kModifiedInSeconds + nanoseconds, for a time more than 292 years from 1970; or 0
};
static_assert(sizeof(EncodedChange) == 88);

class ChangeEncoder {
 public:
  // Appends encoded changes to `bytes`.
  explicit ChangeEncoder(std::string* bytes) : bytes_(bytes) {}

  void Add(const LayerChange& change);
  // Returns whether the batch has 512 changes or 256 KiB.
  bool IsFull() const { return count_ == kMostChanges || bytes_->size() >= kMostBytes; }

 private:
  static constexpr size_t kMostChanges = 512;
  static constexpr size_t kMostBytes = 256 * 1024;

  std::string* const bytes_;
  size_t count_ = 0;
};
