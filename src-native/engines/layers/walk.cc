// Implements the walk through layers: lists directories, visits each name, and reports each change to the encoder.
#include "engines/layers/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/calls.h"

namespace {

constexpr size_t kNamesAtOnce = 64 * 1024;

bool IsDot(std::string_view name) { return name == "." || name == ".."; }

}  // namespace

Outcome LayerWalk::Open(const std::string& upper, const std::vector<std::string>& lower,
                        const std::vector<std::string>& data) {
  uint32_t layer = 0;
  const auto open = [&](const std::string& path, MergedDirectory* view) {
    const char* syscall = nullptr;
    LayerDirectoryRef root = directories_.OpenRoot(path, layer, &syscall);
    if (!root) {
      Outcome outcome = Outcome::Failure(errno, syscall, "open a layer");
      outcome.index = static_cast<int>(layer);
      return outcome;
    }
    view->push_back(std::move(root));
    ++layer;
    return Outcome{};
  };
  MergedDirectory after;
  Outcome outcome = open(upper, &after);
  for (size_t index = 0; !outcome.Failed() && index < lower.size(); ++index) outcome = open(lower[index], &lower_);
  for (size_t index = 0; !outcome.Failed() && index < data.size(); ++index) outcome = open(data[index], &data_);
  if (outcome.Failed()) return outcome;
  after.insert(after.end(), lower_.begin(), lower_.end());
  return Enter(lower_, std::move(after)) ? Outcome{} : lookup_.failure();
}

bool LayerWalk::Enter(MergedDirectory before, MergedDirectory after) {
  Level level;
  level.path_length = path_.size();
  level.before = std::move(before);
  level.after = std::move(after);
  level.is_simple = AreSame(MergedDirectory(level.after.begin() + 1, level.after.end()), level.before);
  if (!ReadNames(level.after[0].get(), &level)) return false;
  if (!level.is_simple) {
    for (size_t index = 1; index < level.after.size(); ++index) {
      if (!ReadNames(level.after[index].get(), &level)) return false;
    }
    for (const LayerDirectoryRef& directory : level.before) {
      if (!ReadNames(directory.get(), &level)) return false;
    }
  }
  Sort(&level);
  levels_.push_back(std::move(level));
  return true;
}

bool LayerWalk::ReadNames(LayerDirectory* directory, Level* level) {
  const int parent = directories_.Fd(directory);
  const OwnedFd fd(parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return lookup_.Fail(errno, "openat", "open a directory", directory, ""), false;
  std::vector<char> buffer(kNamesAtOnce);
  for (;;) {
    const long length = syscall(SYS_getdents64, fd.get(), buffer.data(), buffer.size());
    if (length < 0) return lookup_.Fail(errno, "getdents64", "list a directory", directory, ""), false;
    if (length == 0 || IsStopped()) return true;
    for (long at = 0; at < length;) {
      const DirectoryEntry* const entry = DirectoryEntry::At(buffer.data() + at);
      const std::string_view name = entry->Name();
      // The copy includes the NUL after the name.
      if (!IsDot(name)) level->names.insert(level->names.end(), name.data(), name.data() + name.size() + 1);
      at += entry->length;
    }
  }
}

void LayerWalk::Sort(Level* level) {
  for (size_t at = 0; at < level->names.size(); at += std::strlen(level->names.data() + at) + 1) {
    level->order.push_back(level->names.data() + at);
  }
  // strcmp(3) compares bytes as unsigned values.
  std::sort(level->order.begin(), level->order.end(),
            [](const char* one, const char* other) { return std::strcmp(one, other) < 0; });
  const auto end = std::unique(level->order.begin(), level->order.end(),
                               [](const char* one, const char* other) { return std::strcmp(one, other) == 0; });
  level->order.erase(end, level->order.end());
}

// Finds the entry `after` in a simple level (Level::is_simple): only the topmost directory is searched, because
// `before` is the known result for the directories below. The topmost directory can be in a lower layer, because a
// redirected directory can consist of lower directories only.
bool LayerWalk::FindOnTop(const Level& level, const std::string& name, const MergedEntry& before, MergedEntry* after) {
  LayerLookup::Search search(name);
  bool is_found = false;
  if (!lookup_.FindTop(level.after[0].get(), &search, after, &is_found)) return false;
  if (!is_found) {
    // The name is a whiteout, or another process removed the file after the directory was listed.
    if (search.stop) return true;
    return lookup_.Fail(ENOENT, "statx", "read the file status", level.after[0].get(), name), false;
  }
  if (search.stop) return true;
  if (search.redirected) {
    return search.name[0] == '/' ? lookup_.FindInLayersBelow(*level.after[0], &search, after)
                                 : lookup_.FindBelow(level.before, 0, &search, after);
  }
  if (search.is_directory) {
    after->directories.insert(after->directories.end(), before.directories.begin(), before.directories.end());
    return true;
  }
  return lookup_.FindBelow(level.before, 0, &search, after);
}

bool LayerWalk::Find(const Level& level, const std::string& name, MergedEntry* before, MergedEntry* after) {
  if (!lookup_.Find(level.before, name, before)) return false;
  return level.is_simple ? FindOnTop(level, name, *before, after) : lookup_.Find(level.after, name, after);
}

bool LayerWalk::Visit(const std::string& name, ChangeEncoder* encoder) {
  MergedEntry before, after;
  const Level& level = levels_.back();
  if (!Find(level, name, &before, &after)) return false;
  path_.resize(level.path_length);
  if (!path_.empty()) path_ += '/';
  path_ += name;
  if (!after) {
    if (before) encoder->Add({ChangeType::kDeleted, before, after, {}, path_});
    return true;
  }
  if (!before) {
    encoder->Add({ChangeType::kAdded, before, after, {}, path_});
  } else {
    LayerDifference difference;
    if (!comparison_.Compare(before, after, &difference)) return false;
    if (difference.exists) encoder->Add({ChangeType::kModified, before, after, difference, path_});
  }
  if (!after.top.status.IsDirectory() || AreSame(before.directories, after.directories)) return true;
  // Enter() appends to levels_, which invalidates `level`.
  return Enter(std::move(before.directories), std::move(after.directories));
}

Outcome LayerWalk::Continue(ChangeEncoder* encoder, bool* is_complete) {
  Outcome outcome;
  std::string name;
  while (!encoder->IsFull() && !IsStopped()) {
    while (!levels_.empty() && levels_.back().next == levels_.back().order.size()) levels_.pop_back();
    if (levels_.empty()) break;
    Level& level = levels_.back();
    name = level.order[level.next++];
    if (!Visit(name, encoder)) {
      outcome = lookup_.failure();
      levels_.clear();
      break;
    }
  }
  *is_complete = levels_.empty();
  attributes_.Leave();
  return outcome;
}
