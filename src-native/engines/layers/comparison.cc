// Compares the metadata and the contents of files in layers.
#include "engines/layers/comparison.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace {

constexpr size_t kBlock = 128 * 1024;
constexpr char kStep[] = "compare content";

bool HasSameMetadata(const FileStatus& one, const FileStatus& other) {
  return one.mode == other.mode && one.uid == other.uid && one.gid == other.gid &&
         one.special_major == other.special_major && one.special_minor == other.special_minor &&
         (one.IsDirectory() || (one.IsAsOld(other) && one.size == other.size));
}

}  // namespace

bool LayerComparison::Compare(const MergedEntry& before, const MergedEntry& after, LayerDifference* difference) {
  const FileStatus& old_status = before.top.status;
  const FileStatus& new_status = after.top.status;
  *difference = {};
  if (old_status.IsSameFile(new_status)) return true;
  const bool has_content = new_status.IsRegular() || S_ISLNK(new_status.mode);
  if ((old_status.mode & S_IFMT) != (new_status.mode & S_IFMT)) {
    *difference = {true, true, true};
    return true;
  }
  difference->metadata = !HasSameMetadata(old_status, new_status);
  if (!difference->metadata) {
    bool same = false;
    if (!attributes_->AreSame(before.top.directory.get(), before.top.name, after.top.directory.get(), after.top.name,
                              &same)) {
      return Fail("lgetxattr", after.top, attributes_->StepFor("compare extended attributes"));
    }
    difference->metadata = !same;
  }
  const bool may_differ = has_content && !before.content.status.IsSameFile(after.content.status);
  // If the metadata differ, the contents are not compared, because the entry is a change anyway, and a comparison would
  // read every changed file.
  difference->data = may_differ && difference->metadata;
  if (may_differ && !difference->metadata) {
    bool same = false;
    const bool is_compared = new_status.IsRegular() ? CompareFiles(before.content, after.content, &same)
                                                    : CompareLinks(before.content, after.content, &same);
    if (!is_compared) return false;
    difference->data = !same;
  }
  difference->exists = difference->metadata || difference->data;
  return true;
}

bool LayerComparison::CompareFiles(const LayerPath& one, const LayerPath& other, bool* same) {
  const OwnedFd first = Open(one);
  if (!first) return false;
  const OwnedFd second = Open(other);
  if (!second) return false;
  std::vector<char> bytes(kBlock), other_bytes(kBlock);
  while (!stop_.load(std::memory_order_relaxed)) {
    const ssize_t length = Read(first, one, &bytes);
    if (length < 0) return false;
    const ssize_t other_length = Read(second, other, &other_bytes);
    if (other_length < 0) return false;
    *same = length == other_length && std::memcmp(bytes.data(), other_bytes.data(), static_cast<size_t>(length)) == 0;
    if (!*same || length == 0) return true;
  }
  return true;
}

bool LayerComparison::CompareLinks(const LayerPath& one, const LayerPath& other, bool* same) {
  std::string text, other_text;
  if (!ReadLink(one, &text) || !ReadLink(other, &other_text)) return false;
  *same = text == other_text;
  return true;
}

bool LayerComparison::Fail(const char* syscall, const LayerPath& file, const char* step) {
  lookup_->Fail(errno, syscall, step, file.directory.get(), file.name);
  return false;
}

OwnedFd LayerComparison::Open(const LayerPath& file) {
  const char* step = kStep;
  OwnedFd fd = directories_->OpenFile(file.directory.get(), file.name, file.status, &step);
  if (!fd) Fail("openat", file, step);
  return fd;
}

// Reads from the file until `bytes` is full or the file ends.
ssize_t LayerComparison::Read(const OwnedFd& fd, const LayerPath& file, std::vector<char>* bytes) {
  size_t length = 0;
  while (length < bytes->size()) {
    const ssize_t more = read(fd.get(), bytes->data() + length, bytes->size() - length);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return Fail("read", file, kStep), -1;
    if (more == 0) break;
    length += static_cast<size_t>(more);
  }
  return static_cast<ssize_t>(length);
}

bool LayerComparison::ReadLink(const LayerPath& link, std::string* text) {
  char buffer[4096];
  const int directory = directories_->Fd(link.directory.get());
  const ssize_t length = directory < 0 ? -1 : readlinkat(directory, link.name.c_str(), buffer, sizeof buffer);
  if (length < 0) {
    if (errno == EINVAL) errno = ESTALE;  // another kind of file replaced the symbolic link
    return Fail("readlinkat", link, kStep);
  }
  text->assign(buffer, static_cast<size_t>(length));
  return true;
}
