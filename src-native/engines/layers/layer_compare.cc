#include "engines/layers/layer_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace {

constexpr size_t kBlock = 128 * 1024;
constexpr char kStep[] = "compare content";

class Comparison {
 public:
  Comparison(OpenDirectories* directories, LayerLookup* lookup, const std::atomic<bool>& stop)
      : directories_(directories), lookup_(lookup), stop_(stop) {}

  bool Files(const LayerPlace& one, const LayerPlace& other, bool* same) {
    const OwnedFd first = Open(one);
    if (!first) return false;
    const OwnedFd second = Open(other);
    if (!second) return false;
    std::vector<char> ours(kBlock), theirs(kBlock);
    // Told to stop, nobody is interested any more.
    while (!stop_.load(std::memory_order_relaxed)) {
      const ssize_t length = Read(first, one, &ours);
      if (length < 0) return false;
      const ssize_t other_length = Read(second, other, &theirs);
      if (other_length < 0) return false;
      *same = length == other_length && std::memcmp(ours.data(), theirs.data(), static_cast<size_t>(length)) == 0;
      if (!*same || length == 0) return true;
    }
    return true;
  }

  bool Links(const LayerPlace& one, const LayerPlace& other, bool* same) {
    std::string text, other_text;
    if (!ReadLink(one, &text) || !ReadLink(other, &other_text)) return false;
    *same = text == other_text;
    return true;
  }

 private:
  bool Fail(const char* syscall, const LayerPlace& place, const char* step = kStep) {
    if (errno == EINVAL) errno = ESTALE;  // it is no link any more
    lookup_->Fail(errno, syscall, step, place.directory.get(), place.name);
    return false;
  }

  OwnedFd Open(const LayerPlace& place) {
    const char* step = kStep;
    OwnedFd fd = directories_->OpenFile(place.directory.get(), place.name, place.status, &step);
    if (!fd) Fail("openat", place, step);
    return fd;
  }

  // As many bytes as there are room for, fewer at the end only.
  ssize_t Read(const OwnedFd& fd, const LayerPlace& place, std::vector<char>* bytes) {
    size_t length = 0;
    while (length < bytes->size()) {
      const ssize_t more = read(fd.get(), bytes->data() + length, bytes->size() - length);
      if (more < 0 && errno == EINTR) continue;
      if (more < 0) return Fail("read", place), -1;
      if (more == 0) break;
      length += static_cast<size_t>(more);
    }
    return static_cast<ssize_t>(length);
  }

  bool ReadLink(const LayerPlace& place, std::string* text) {
    char buffer[4096];
    const int directory = directories_->Fd(place.directory.get());
    const ssize_t length = directory < 0 ? -1 : readlinkat(directory, place.name.c_str(), buffer, sizeof buffer);
    if (length < 0) return Fail("readlinkat", place);
    text->assign(buffer, static_cast<size_t>(length));
    return true;
  }

  OpenDirectories* const directories_;
  LayerLookup* const lookup_;
  const std::atomic<bool>& stop_;
};

bool HasSameMetadata(const FileStatus& one, const FileStatus& other) {
  return one.mode == other.mode && one.uid == other.uid && one.gid == other.gid &&
         one.special_major == other.special_major && one.special_minor == other.special_minor &&
         (one.IsDirectory() || (one.IsAsOld(other) && one.size == other.size));
}

}  // namespace

bool Compare(const LayerEntry& before, const LayerEntry& after, OpenDirectories* directories,
             LayerAttributes* attributes, LayerLookup* lookup, const std::atomic<bool>& stop,
             LayerDifference* difference) {
  const FileStatus& old_status = before.place.status;
  const FileStatus& new_status = after.place.status;
  *difference = {};
  if (old_status.IsSameFile(new_status)) return true;
  const bool is_file = new_status.IsRegular() || S_ISLNK(new_status.mode);
  if ((old_status.mode & S_IFMT) != (new_status.mode & S_IFMT)) {
    *difference = {true, true, true};
    return true;
  }
  difference->metadata = !HasSameMetadata(old_status, new_status);
  if (!difference->metadata) {
    bool same = false;
    if (!attributes->AreSame(before.place.directory.get(), before.place.name, after.place.directory.get(),
                             after.place.name, &same)) {
      const char* const step = attributes->StepOf("compare extended attributes");
      lookup->Fail(errno, "lgetxattr", step, after.place.directory.get(), after.place.name);
      return false;
    }
    difference->metadata = !same;
  }
  const bool may_differ = is_file && !before.content.status.IsSameFile(after.content.status);
  // What is different anyway may have the same bytes; to know would cost reading all that was changed.
  difference->data = may_differ && difference->metadata;
  if (may_differ && !difference->metadata) {
    Comparison comparison(directories, lookup, stop);
    bool same = false;
    const bool could = new_status.IsRegular() ? comparison.Files(before.content, after.content, &same)
                                              : comparison.Links(before.content, after.content, &same);
    if (!could) return false;
    difference->data = !same;
  }
  difference->is_other = difference->metadata || difference->data;
  return true;
}
