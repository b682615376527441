// Encodes one change of a walk.
#include "engines/layers/change_encoder.h"

#include <cstring>

void ChangeEncoder::Add(const LayerChange& change) {
  const LayerPath& top = change.after.top;
  const LayerPath& content = change.after.content;
  EncodedChange encoded{};
  std::string source, content_path;
  encoded.type = static_cast<uint8_t>(change.type);
  encoded.flags = static_cast<uint8_t>((change.difference.data ? EncodedChange::kDataChanged : 0) |
                                       (change.difference.metadata ? EncodedChange::kMetadataChanged : 0));
  encoded.before_mode = change.before.top.status.mode;
  encoded.path_length = static_cast<uint32_t>(change.path.size());
  encoded.source_length = encoded.content_length = EncodedChange::kSamePath;
  if (top) {
    const FileStatus& status = top.status;
    encoded.layer = static_cast<uint16_t>(top.directory->layer());
    encoded.mode = status.mode;
    encoded.uid = status.uid;
    encoded.gid = status.gid;
    encoded.special_major = status.special_major;
    encoded.special_minor = status.special_minor;
    encoded.links = status.links;
    encoded.size = status.size;
    if (__builtin_mul_overflow(status.modified_seconds, 1'000'000'000, &encoded.modified) ||
        __builtin_add_overflow(encoded.modified, status.modified_nanoseconds, &encoded.modified)) {
      encoded.modified = status.modified_seconds;
      encoded.modified_nanoseconds = EncodedChange::kModifiedInSeconds | status.modified_nanoseconds;
    }
    encoded.device = status.device;
    encoded.inode = status.inode;
    source = PathInLayer(top.directory.get(), top.name);
    if (source == change.path) {
      source.clear();
    } else {
      encoded.source_length = static_cast<uint32_t>(source.size());
    }
    if (change.after.is_metacopy) {
      content_path = PathInLayer(content.directory.get(), content.name);
      encoded.content_layer = content.directory->layer();
      encoded.content_length = static_cast<uint32_t>(content_path.size());
    }
  }
  encoded.length = static_cast<uint32_t>(sizeof encoded + change.path.size() + source.size() + content_path.size());
  bytes_->append(reinterpret_cast<const char*>(&encoded), sizeof encoded);
  *bytes_ += change.path;
  *bytes_ += source;
  *bytes_ += content_path;
  ++count_;
}
