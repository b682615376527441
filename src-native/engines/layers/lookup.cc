// Implements the lookup of overlayfs: fs/overlayfs/namei.c.
#include "engines/layers/lookup.h"

#include <errno.h>

#include <algorithm>
#include <utility>

namespace {

// Returns whether a redirect is valid: one name, or an absolute path without empty names (ovl_get_redirect_xattr). The
// kernel refuses the names "." and ".." in a lookup (fs/namei.c, lookup_noperm_common).
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

bool MeansAbsent(int error) { return error == ENOENT || error == ENAMETOOLONG; }

}  // namespace

bool AreSame(const MergedDirectory& one, const MergedDirectory& other) {
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

// Looks up one name in one directory, as ovl_lookup_single does. If the name is part of a redirect's path, `before` is
// the number of bytes of this path before the name, and `after` is the rest of the path after the name.
bool LayerLookup::FindStep(LayerDirectory* base, Search* search, const std::string& name, size_t before,
                           const std::string& after, LayerPath* found) {
  *found = {};
  const bool is_last = after.empty();
  const int fd = directories_->Fd(base);
  FileStatus status;
  if (fd < 0) return Fail(errno, "openat", "open a directory", base, ""), false;
  if (ReadStatus(fd, name.c_str(), &status) < 0) {
    if (MeansAbsent(errno)) return true;
    return Fail(errno, "statx", "read the file status", base, name), false;
  }
  if (OpenDirectories::IsOnOtherMount(*base, status)) return Fail(EXDEV, "statx", "mount below", base, name), false;
  if (status.IsWhiteoutDevice()) {
    search->stop = true;
    return true;
  }
  LayerAttributes::OverlayAttributes known;
  if (!attributes_->List(base, name, &known)) {
    return Fail(errno, "llistxattr", attributes_->StepFor("read extended attributes"), base, name), false;
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
    return Fail(errno, "lgetxattr", attributes_->StepFor("read extended attributes"), base, name), false;
  }
  const bool is_opaque = opaque == "y";
  if (is_opaque) search->stop = true;
  found->directory = LayerDirectoryRef(base);
  found->name = name;
  found->status = status;
  // The search for a directory ends in the last lower layer (`last` in struct ovl_lookup_data), but the search for the
  // data of a file can continue in a data-only layer.
  const bool is_bottom = base->layer() >= lower_->size();
  const bool continues = status.IsDirectory() ? !is_opaque && !is_bottom : search->metacopy;
  return !continues || !known.redirect || FollowRedirect(base, name, before, after, search);
}

// Replaces the name of the search by the target of a redirect, as ovl_check_redirect does.
bool LayerLookup::FollowRedirect(LayerDirectory* base, const std::string& name, size_t before, const std::string& after,
                                 Search* search) {
  std::string redirect;
  if (!attributes_->Value(base, name, "redirect", &redirect)) {
    return Fail(errno, "lgetxattr", attributes_->StepFor("read extended attributes"), base, name), false;
  }
  // The kernel reads the value as a string that ends at the first NUL.
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

// Looks up a name, or the path of an absolute redirect, in one layer, as ovl_lookup_layer does.
bool LayerLookup::FindInLayer(LayerDirectory* base, Search* search, LayerPath* found) {
  if (search->name[0] != '/') return FindStep(base, search, std::string(search->name), 0, "", found);
  LayerDirectoryRef at(base);
  // `remaining` is counted from the end of the path, because another redirect can replace the part before the name.
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

void LayerLookup::Add(const LayerPath& found, MergedEntry* entry) {
  if (!*entry) {
    entry->top = found;
  }
  if (found.status.IsDirectory()) {
    entry->directories.push_back(directories_->Add(found.directory.get(), found.name, found.status));
  }
}

bool LayerLookup::FindTop(LayerDirectory* top, Search* search, MergedEntry* entry, bool* is_found) {
  LayerPath found;
  if (!FindInLayer(top, search, &found)) return false;
  *is_found = static_cast<bool>(found);
  if (!*is_found) return true;
  Add(found, entry);
  if (!search->is_directory && !search->metacopy) entry->content = found;
  return true;
}

bool LayerLookup::FindBelow(const MergedDirectory& directories, size_t index, Search* search, MergedEntry* entry) {
  for (; !search->stop && index < directories.size(); ++index) {
    LayerDirectory* const base = directories[index].get();
    bool is_found = false;
    const bool had_entry = static_cast<bool>(*entry);
    if (!FindTop(base, search, entry, &is_found)) return false;
    if (!is_found) continue;
    if (had_entry && !search->is_directory) entry->is_metacopy = true;
    if (!search->stop && search->name[0] == '/' && &directories != lower_)
      return FindInLayersBelow(*base, search, entry);
  }
  if (!*entry || search->is_directory || entry->content) return true;
  if (search->name[0] == '/' && !FindData(search->name, entry)) return false;
  if (entry->content) return true;
  return Fail(EIO, "lgetxattr", "metacopy", entry->top.directory.get(), entry->top.name), false;
}

bool LayerLookup::FindInLayersBelow(const LayerDirectory& base, Search* search, MergedEntry* entry) {
  // Layer numbers start at 0 for the upper layer, so the number of a layer is the index in lower_ of the next layer
  // below.
  return FindBelow(*lower_, base.layer(), search, entry);
}

// Looks up the data of a file in the data-only layers, as ovl_lookup_data_layers does: by path, without whiteouts,
// opaque directories and redirects.
bool LayerLookup::FindData(const std::string& path, MergedEntry* entry) {
  for (const LayerDirectoryRef& root : *data_) {
    LayerPath at{root, "", {}};
    for (size_t start = 1; start < path.size() && at;) {
      const size_t slash = std::min(path.find('/', start), path.size());
      LayerDirectoryRef directory = start == 1 ? root : directories_->Add(at.directory.get(), at.name, at.status);
      at.name = path.substr(start, slash - start);
      at.directory = directory;
      const int fd = directories_->Fd(directory.get());
      if (fd < 0) return Fail(errno, "openat", "open a directory", directory.get(), ""), false;
      if (ReadStatus(fd, at.name.c_str(), &at.status) < 0) {
        if (!MeansAbsent(errno)) return Fail(errno, "statx", "read the file status", directory.get(), at.name), false;
        at = {};
      } else if (OpenDirectories::IsOnOtherMount(*directory, at.status)) {
        return Fail(EXDEV, "statx", "mount below", directory.get(), at.name), false;
      } else if (slash < path.size() ? !at.status.IsDirectory() : !at.status.IsRegular()) {
        at = {};
      }
      start = slash + 1;
    }
    if (!at) continue;
    entry->content = at;
    entry->is_metacopy = true;
    return true;
  }
  return true;
}

bool LayerLookup::Find(const MergedDirectory& directories, const std::string& name, MergedEntry* entry) {
  Search search(name);
  return FindBelow(directories, 0, &search, entry);
}
