#include "engines/layers/layer_lookup.h"

#include <errno.h>

#include <algorithm>
#include <utility>

namespace {

// What a redirect may be: one name, or an absolute path without empty names (ovl_get_redirect_xattr). What is no name
// of an entry, the kernel refuses when it looks it up (lookup_noperm_common, fs/namei.c).
bool IsRedirect(const std::string& text) {
  const bool is_path = text[0] == '/';
  for (size_t start = is_path ? 1 : 0; start <= text.size();) {
    const size_t end = std::min(text.find('/', start), text.size());
    const std::string name = text.substr(start, end - start);
    if (name.empty() || name == "." || name == "..") return false;
    if (!is_path && end != text.size()) return false;
    start = end + 1;
  }
  return true;
}

bool LeadsNowhere(int error) { return error == ENOENT || error == ENAMETOOLONG; }

}  // namespace

bool AreSame(const LayerView& one, const LayerView& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const LayerDirectoryRef& a, const LayerDirectoryRef& b) { return a->IsSame(*b); });
}

std::string PathInLayer(const LayerDirectory* directory, const std::string& name) {
  std::vector<const std::string*> names{&name};
  for (; directory != nullptr && directory->parent() != nullptr; directory = directory->parent()) {
    names.push_back(&directory->name());
  }
  std::string path;
  for (auto at = names.rbegin(); at != names.rend(); ++at) {
    if (!path.empty() && !(*at)->empty()) path += '/';
    path += **at;
  }
  return path;
}

void LayerLookup::Fail(int error, const char* syscall, const char* step, const LayerDirectory* directory,
                       const std::string& name) {
  failure_ = Outcome::Failure(error, syscall, step);
  failure_.index = static_cast<int>(directory->layer());
  failure_.other = PathInLayer(directory, name);
}

// ovl_lookup_single: one name in one directory. Of a redirect's path, `before` is how many bytes of it are in front of
// the name, and `after` what follows it.
bool LayerLookup::FindStep(LayerDirectory* base, Search* search, const std::string& name, size_t before,
                           const std::string& after, LayerPlace* found) {
  *found = {};
  const bool is_last = after.empty();
  const int fd = directories_->Fd(base);
  FileStatus status;
  if (fd < 0) return Fail(errno, "openat", "open a directory", base, ""), false;
  if (ReadStatus(fd, name.c_str(), &status) < 0) {
    if (LeadsNowhere(errno)) return true;
    return Fail(errno, "statx", "look at an entry", base, name), false;
  }
  if (OpenDirectories::IsElsewhere(*base, status)) return Fail(EXDEV, "statx", "mount below", base, name), false;
  if (status.IsWhiteoutDevice()) {
    search->stop = true;
    return true;
  }
  LayerAttributes::Known known;
  if (!attributes_->List(base, name, &known)) {
    return Fail(errno, "llistxattr", attributes_->StepOf("read extended attributes"), base, name), false;
  }
  if (known.whiteout && status.IsRegular() && status.size == 0) {
    search->stop = true;
    return true;
  }
  if (is_last && search->metacopy && !status.IsRegular()) {
    search->stop = true;
    return true;
  }
  if (!status.IsDirectory()) {
    if (search->is_directory || !is_last) {
      search->stop = true;
      return true;
    }
    search->metacopy = status.IsRegular() && known.metacopy;
    search->stop = !search->metacopy;
  } else if (is_last) {
    search->is_directory = true;
  }
  std::string opaque;
  if (status.IsDirectory() && known.opaque && !attributes_->Value(base, name, "opaque", &opaque)) {
    return Fail(errno, "lgetxattr", attributes_->StepOf("read extended attributes"), base, name), false;
  }
  const bool is_opaque = opaque == "y";
  if (is_opaque) search->stop = true;
  found->directory = LayerDirectoryRef(base);
  found->name = name;
  found->status = status;
  // Below the last layer there is none (`last` in struct ovl_lookup_data), but data of files may be.
  const bool is_bottom = base->layer() >= lower_->size();
  const bool goes_on = status.IsDirectory() ? !is_opaque && !is_bottom : search->metacopy;
  return !goes_on || !known.redirect || FollowRedirect(base, name, before, after, search);
}

// ovl_check_redirect
bool LayerLookup::FollowRedirect(LayerDirectory* base, const std::string& name, size_t before, const std::string& after,
                                 Search* search) {
  std::string redirect;
  if (!attributes_->Value(base, name, "redirect", &redirect)) {
    return Fail(errno, "lgetxattr", attributes_->StepOf("read extended attributes"), base, name), false;
  }
  // The kernel reads it as a string.
  redirect.resize(std::min(redirect.find('\0'), redirect.size()));
  if (!IsRedirect(redirect)) return Fail(EINVAL, "lgetxattr", "redirect", base, name), false;
  search->redirected = true;
  if (redirect[0] == '/') {
    search->stop = false;
    search->name = redirect + after;
  } else {
    search->name = search->name.substr(0, before) + redirect + after;
  }
  return true;
}

// ovl_lookup_layer: the name, or a redirect's path from the root of the layer.
bool LayerLookup::FindInLayer(LayerDirectory* base, Search* search, LayerPlace* found) {
  if (search->name[0] != '/') return FindStep(base, search, std::string(search->name), 0, "", found);
  LayerDirectoryRef at(base);
  // Counted from the end, as what is in front may be replaced by another redirect.
  for (size_t remaining = search->name.size() - 1;;) {
    const size_t start = search->name.size() - remaining;
    const size_t slash = std::min(search->name.find('/', start), search->name.size());
    const std::string name = search->name.substr(start, slash - start);
    const std::string after = search->name.substr(slash);
    if (!FindStep(at.get(), search, name, start, after, found)) return false;
    if (!*found || after.empty()) return true;
    remaining -= name.size() + 1;
    at = directories_->Add(found->directory.get(), found->name, found->status);
  }
}

void LayerLookup::Add(const LayerPlace& found, LayerEntry* entry) {
  if (!*entry) {
    entry->place = found;
  }
  if (found.status.IsDirectory()) {
    entry->view.push_back(directories_->Add(found.directory.get(), found.name, found.status));
  }
}

bool LayerLookup::FindTop(LayerDirectory* top, Search* search, LayerEntry* entry, bool* is_there) {
  LayerPlace found;
  if (!FindInLayer(top, search, &found)) return false;
  *is_there = static_cast<bool>(found);
  if (!*is_there) return true;
  Add(found, entry);
  if (!search->is_directory && !search->metacopy) entry->content = found;
  return true;
}

bool LayerLookup::FindBelow(const LayerView& view, size_t index, Search* search, LayerEntry* entry) {
  for (; !search->stop && index < view.size(); ++index) {
    LayerDirectory* const base = view[index].get();
    bool is_there = false;
    const bool had_entry = static_cast<bool>(*entry);
    if (!FindTop(base, search, entry, &is_there)) return false;
    if (!is_there) continue;
    if (had_entry && !search->is_directory) entry->is_copy = true;
    if (!search->stop && search->name[0] == '/' && &view != lower_) return FindInLayersBelow(*base, search, entry);
  }
  if (!*entry || search->is_directory || entry->content) return true;
  if (search->name[0] == '/' && !FindData(search->name, entry)) return false;
  if (entry->content) return true;
  return Fail(EIO, "lgetxattr", "metacopy", entry->place.directory.get(), entry->place.name), false;
}

bool LayerLookup::FindInLayersBelow(const LayerDirectory& base, Search* search, LayerEntry* entry) {
  // The upper layer is 0, the first lower one 1.
  return FindBelow(*lower_, base.layer(), search, entry);
}

// ovl_lookup_data_layers: by path, without what would make a layer of it.
bool LayerLookup::FindData(const std::string& path, LayerEntry* entry) {
  for (const LayerDirectoryRef& root : *data_) {
    LayerPlace at{root, "", {}};
    for (size_t start = 1; start < path.size() && at;) {
      const size_t slash = std::min(path.find('/', start), path.size());
      LayerDirectoryRef directory = start == 1 ? root : directories_->Add(at.directory.get(), at.name, at.status);
      at.name = path.substr(start, slash - start);
      at.directory = directory;
      const int fd = directories_->Fd(directory.get());
      if (fd < 0) return Fail(errno, "openat", "open a directory", directory.get(), ""), false;
      if (ReadStatus(fd, at.name.c_str(), &at.status) < 0) {
        if (!LeadsNowhere(errno)) return Fail(errno, "statx", "look at an entry", directory.get(), at.name), false;
        at = {};
      } else if (OpenDirectories::IsElsewhere(*directory, at.status)) {
        return Fail(EXDEV, "statx", "mount below", directory.get(), at.name), false;
      } else if (slash < path.size() ? !at.status.IsDirectory() : !at.status.IsRegular()) {
        at = {};
      }
      start = slash + 1;
    }
    if (!at) continue;
    entry->content = at;
    entry->is_copy = true;
    return true;
  }
  return true;
}

bool LayerLookup::Find(const LayerView& view, const std::string& name, LayerEntry* entry) {
  Search search(name);
  return FindBelow(view, 0, &search, entry);
}
