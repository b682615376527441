// Looks up a name in a stack of layers by the rules of overlayfs, without a mount.
#pragma once

#include <string>
#include <vector>

#include "engines/layers/attributes.h"
#include "engines/layers/directory.h"
#include "kernel/file_status.h"
#include "kernel/outcome.h"

// The lookup implements fs/overlayfs/namei.c and Documentation/filesystems/overlayfs.rst, with redirect_dir=follow and
// metacopy=on.

// The directories that overlayfs merges into one directory, the topmost first.
using MergedDirectory = std::vector<LayerDirectoryRef>;

bool AreSame(const MergedDirectory& one, const MergedDirectory& other);

// Returns the path of a file relative to the root of its layer, without a leading slash.
std::string PathInLayer(const LayerDirectory* directory, const std::string& name);

// A file or directory in one layer. An empty LayerPath means that there is no such file.
struct LayerPath {
  LayerDirectoryRef directory;  // the parent directory
  std::string name;
  FileStatus status;

  explicit operator bool() const { return static_cast<bool>(directory); }
};

// An entry of the merged directory tree. An empty MergedEntry means that the merged tree has no such entry.
struct MergedEntry {
  LayerPath top;                // the topmost file, whose mode, owner and extended attributes the merged file shows
  MergedDirectory directories;  // for a directory: the merged directories
  LayerPath content;            // for any other file: the file that has the data
  bool is_metacopy = false;     // `content` is in a layer below `top`, because only metadata were copied up

  explicit operator bool() const { return static_cast<bool>(top); }
};

class LayerLookup {
 public:
  // The state of the search for one name through the layers: struct ovl_lookup_data of fs/overlayfs/namei.c.
  struct Search {
    explicit Search(std::string name) : name(std::move(name)) {}
    std::string name;  // the name to look up next, or a path from the root of a layer if it starts with a slash
    bool is_directory = false;
    bool stop = false;
    bool metacopy = false;
    bool redirected = false;
  };

  // `lower` has the roots of the lower layers, and `data` has those of the data-only layers ("::" in lowerdir).
  LayerLookup(OpenDirectories* directories, LayerAttributes* attributes, const MergedDirectory* lower,
              const MergedDirectory* data)
      : directories_(directories), attributes_(attributes), lower_(lower), data_(data) {}

  // Looks up a name in a merged directory. Each function of this class that returns bool returns false on failure, and
  // failure() has the reason.
  bool Find(const MergedDirectory& directories, const std::string& name, MergedEntry* entry);

  // Looks up a name in the topmost directory only. `search` has the state for a continuation in the directories below.
  bool FindTop(LayerDirectory* top, Search* search, MergedEntry* entry, bool* is_found);

  // Continues a search in the directories from `index` on.
  bool FindBelow(const MergedDirectory& directories, size_t index, Search* search, MergedEntry* entry);

  // Continues a search for an absolute redirect, from the roots of the layers below the layer of `base`.
  bool FindInLayersBelow(const LayerDirectory& base, Search* search, MergedEntry* entry);

  const Outcome& failure() const { return failure_; }
  void Fail(int error, const char* syscall, const char* step, const LayerDirectory* directory, const std::string& name);

 private:
  bool FindStep(LayerDirectory* base, Search* search, const std::string& name, size_t before, const std::string& after,
                LayerPath* found);
  bool FindInLayer(LayerDirectory* base, Search* search, LayerPath* found);
  bool FindData(const std::string& path, MergedEntry* entry);
  bool FollowRedirect(LayerDirectory* base, const std::string& name, size_t before, const std::string& after,
                      Search* search);
  void Add(const LayerPath& found, MergedEntry* entry);

  OpenDirectories* const directories_;
  LayerAttributes* const attributes_;
  const MergedDirectory* const lower_;
  const MergedDirectory* const data_;
  Outcome failure_;
};
