#include "engines/layers/layer_walk.h"

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
  const auto open = [&](const std::string& path, LayerView* view) {
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
  LayerView after;
  Outcome outcome = open(upper, &after);
  for (size_t index = 0; !outcome.Failed() && index < lower.size(); ++index) outcome = open(lower[index], &lower_);
  for (size_t index = 0; !outcome.Failed() && index < data.size(); ++index) outcome = open(data[index], &data_);
  if (outcome.Failed()) return outcome;
  after.insert(after.end(), lower_.begin(), lower_.end());
  return Enter(lower_, std::move(after)) ? Outcome{} : lookup_.failure();
}

bool LayerWalk::Enter(LayerView before, LayerView after) {
  Level level;
  level.path_length = path_.size();
  level.before = std::move(before);
  level.after = std::move(after);
  level.is_simple = AreSame(LayerView(level.after.begin() + 1, level.after.end()), level.before);
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
  way_.push_back(std::move(level));
  return true;
}

bool LayerWalk::ReadNames(LayerDirectory* directory, Level* level) {
  const int place = directories_.Fd(directory);
  const OwnedFd fd(place < 0 ? -1 : openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return lookup_.Fail(errno, "openat", "open a directory", directory, ""), false;
  std::vector<char> buffer(kNamesAtOnce);
  for (;;) {
    const long length = syscall(SYS_getdents64, fd.get(), buffer.data(), buffer.size());
    if (length < 0) return lookup_.Fail(errno, "getdents64", "list a directory", directory, ""), false;
    if (length == 0 || IsStopped()) return true;
    for (long at = 0; at < length;) {
      const DirectoryEntry* const entry = DirectoryEntry::At(buffer.data() + at);
      const std::string_view name = entry->Name();
      // With the NUL behind it.
      if (!IsDot(name)) level->names.insert(level->names.end(), name.data(), name.data() + name.size() + 1);
      at += entry->length;
    }
  }
}

void LayerWalk::Sort(Level* level) {
  for (size_t at = 0; at < level->names.size(); at += std::strlen(level->names.data() + at) + 1) {
    level->order.push_back(level->names.data() + at);
  }
  // strcmp(3) compares bytes without a sign.
  std::sort(level->order.begin(), level->order.end(),
            [](const char* one, const char* other) { return std::strcmp(one, other) < 0; });
  const auto end = std::unique(level->order.begin(), level->order.end(),
                               [](const char* one, const char* other) { return std::strcmp(one, other) == 0; });
  level->order.erase(end, level->order.end());
}

// The entry where one directory lies simply on top of those that were there before: what is below has been found
// already. That one need not be of the upper layer: one that was moved there by a redirect is made of lower ones alone.
bool LayerWalk::FindAbove(const Level& level, const std::string& name, const LayerEntry& before, LayerEntry* after) {
  LayerLookup::Search search(name);
  bool is_there = false;
  if (!lookup_.FindTop(level.after[0].get(), &search, after, &is_there)) return false;
  if (!is_there) {
    // A whiteout; or it has been removed since it was listed.
    if (search.stop) return true;
    return lookup_.Fail(ENOENT, "statx", "look at an entry", level.after[0].get(), name), false;
  }
  if (search.stop) return true;
  if (search.redirected) {
    return search.name[0] == '/' ? lookup_.FindInLayersBelow(*level.after[0], &search, after)
                                 : lookup_.FindBelow(level.before, 0, &search, after);
  }
  if (search.is_directory) {
    after->view.insert(after->view.end(), before.view.begin(), before.view.end());
    return true;
  }
  return lookup_.FindBelow(level.before, 0, &search, after);
}

bool LayerWalk::Find(const Level& level, const std::string& name, LayerEntry* before, LayerEntry* after) {
  if (!lookup_.Find(level.before, name, before)) return false;
  return level.is_simple ? FindAbove(level, name, *before, after) : lookup_.Find(level.after, name, after);
}

bool LayerWalk::Look(const std::string& name, Listener* listener) {
  LayerEntry before, after;
  const Level& level = way_.back();
  if (!Find(level, name, &before, &after)) return false;
  path_.resize(level.path_length);
  if (!path_.empty()) path_ += '/';
  path_ += name;
  if (!after) {
    if (before) listener->Tell({kDeleted, before, after, {}, path_});
    return true;
  }
  if (!before) {
    listener->Tell({kAdded, before, after, {}, path_});
  } else {
    LayerDifference difference;
    if (!Compare(before, after, &directories_, &attributes_, &lookup_, stop_, &difference)) return false;
    if (difference.is_other) listener->Tell({kModified, before, after, difference, path_});
  }
  // From here on `level` may be gone.
  if (!after.place.status.IsDirectory() || AreSame(before.view, after.view)) return true;
  return Enter(std::move(before.view), std::move(after.view));
}

Outcome LayerWalk::Go(Listener* listener, bool* over) {
  Outcome outcome;
  std::string name;
  while (!listener->HasEnough() && !IsStopped()) {
    while (!way_.empty() && way_.back().next == way_.back().order.size()) way_.pop_back();
    if (way_.empty()) break;
    Level& level = way_.back();
    name = level.order[level.next++];
    if (!Look(name, listener)) {
      outcome = lookup_.failure();
      way_.clear();
      break;
    }
  }
  *over = way_.empty();
  // The thread must not stay in a layer.
  attributes_.Leave();
  return outcome;
}
