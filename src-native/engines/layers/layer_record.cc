#include "engines/layers/layer_record.h"

#include <cstring>

void LayerBatch::Tell(const LayerWalk::Change& change) {
  const LayerPlace& place = change.after.place;
  const LayerPlace& content = change.after.content;
  LayerRecord record{};
  std::string source, content_path;
  record.type = change.type;
  record.flags = static_cast<uint8_t>((change.difference.data ? LayerRecord::kDataChanged : 0) |
                                      (change.difference.metadata ? LayerRecord::kMetadataChanged : 0));
  record.before_mode = change.before.place.status.mode;
  record.path_length = static_cast<uint32_t>(change.path.size());
  record.source_length = record.content_length = LayerRecord::kSamePath;
  if (place) {
    const FileStatus& status = place.status;
    record.layer = static_cast<uint16_t>(place.directory->layer());
    record.mode = status.mode;
    record.uid = status.uid;
    record.gid = status.gid;
    record.special_major = status.special_major;
    record.special_minor = status.special_minor;
    record.links = status.links;
    record.size = status.size;
    if (__builtin_mul_overflow(status.modified_seconds, 1'000'000'000, &record.modified) ||
        __builtin_add_overflow(record.modified, status.modified_nanoseconds, &record.modified)) {
      record.modified = status.modified_seconds;
      record.apart = LayerRecord::kApart | status.modified_nanoseconds;
    }
    record.device = status.device;
    record.inode = status.inode;
    source = PathInLayer(place.directory.get(), place.name);
    if (source == change.path) {
      source.clear();
    } else {
      record.source_length = static_cast<uint32_t>(source.size());
    }
    if (change.after.is_copy) {
      content_path = PathInLayer(content.directory.get(), content.name);
      record.content_layer = content.directory->layer();
      record.content_length = static_cast<uint32_t>(content_path.size());
    }
  }
  record.length = static_cast<uint32_t>(sizeof record + change.path.size() + source.size() + content_path.size());
  bytes_->append(reinterpret_cast<const char*>(&record), sizeof record);
  *bytes_ += change.path;
  *bytes_ += source;
  *bytes_ += content_path;
  ++count_;
}
