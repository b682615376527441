#pragma once

#include <string>
#include <vector>

#include "engines/layers/layer_attributes.h"
#include "engines/layers/layer_directory.h"
#include "kernel/file_status.h"
#include "kernel/outcome.h"

// What overlayfs finds under a name, without a mount: fs/overlayfs/namei.c, and
// Documentation/filesystems/overlayfs.rst. Redirects and metacopies are followed, as with redirect_dir=follow and
// metacopy=on.

// Directories of layers that make up one, the topmost first.
using LayerView = std::vector<LayerDirectoryRef>;

bool AreSame(const LayerView& one, const LayerView& other);

// The path of a name in its layer, without a slash at the beginning.
std::string PathInLayer(const LayerDirectory* directory, const std::string& name);

// Where something is: a name in a directory of a layer.
struct LayerPlace {
  LayerDirectoryRef directory;  // none: nowhere
  std::string name;
  FileStatus status;

  explicit operator bool() const { return static_cast<bool>(directory); }
};

struct LayerEntry {
  LayerPlace place;      // of the topmost one, whose mode, owner and attributes count; none: there is nothing
  LayerView view;        // of a directory: what is merged
  LayerPlace content;    // of a file: where its data is
  bool is_copy = false;  // `content` is below `place`: the data was not copied up (metacopy)

  explicit operator bool() const { return static_cast<bool>(place); }
};

class LayerLookup {
 public:
  // A step of the search through the layers for one name: struct ovl_lookup_data.
  struct Search {
    explicit Search(std::string name) : name(std::move(name)) {}
    std::string name;  // the next to look for, or with a slash the path from a layer's root
    bool is_directory = false;
    bool stop = false;
    bool metacopy = false;
    bool redirected = false;
  };

  // `lower` are the roots of the lower layers, `data` of those that have only files' data ("::").
  LayerLookup(OpenDirectories* directories, LayerAttributes* attributes, const LayerView* lower, const LayerView* data)
      : directories_(directories), attributes_(attributes), lower_(lower), data_(data) {}

  // The name in what the directories make up. False: it cannot be told, see failure().
  bool Find(const LayerView& view, const std::string& name, LayerEntry* entry);

  // The name in the topmost directory alone: whether there is something, and with `search` how it would go on.
  bool FindTop(LayerDirectory* top, Search* search, LayerEntry* entry, bool* is_there);

  // Goes on in the directories below the topmost.
  bool FindBelow(const LayerView& view, size_t index, Search* search, LayerEntry* entry);

  // Goes on where a redirect's path leads: from the roots of the layers below the one that `base` is in.
  bool FindInLayersBelow(const LayerDirectory& base, Search* search, LayerEntry* entry);

  const Outcome& failure() const { return failure_; }
  void Fail(int error, const char* syscall, const char* step, const LayerDirectory* directory, const std::string& name);

 private:
  bool FindStep(LayerDirectory* base, Search* search, const std::string& name, size_t before, const std::string& after,
                LayerPlace* found);
  bool FindInLayer(LayerDirectory* base, Search* search, LayerPlace* found);
  bool FindData(const std::string& path, LayerEntry* entry);
  bool FollowRedirect(LayerDirectory* base, const std::string& name, size_t before, const std::string& after,
                      Search* search);
  void Add(const LayerPlace& found, LayerEntry* entry);

  OpenDirectories* const directories_;
  LayerAttributes* const attributes_;
  const LayerView* const lower_;
  const LayerView* const data_;
  Outcome failure_;
};
