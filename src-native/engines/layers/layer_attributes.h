#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engines/layers/layer_directory.h"

// The extended attributes in a layer: overlayfs's own, which say how layers are put together, and those of the files.
//
// They are read by name from the working directory, as they cannot be by a descriptor that is a place only (O_PATH):
// the thread moves into the directory, if it has a working directory of its own, and otherwise goes by /proc.
class LayerAttributes {
 public:
  // Which of overlayfs's an entry has: fs/overlayfs/util.c. Their values still say something or nothing.
  struct Known {
    bool opaque = false;
    bool redirect = false;
    bool metacopy = false;
    bool whiteout = false;   // Linux 6.7
    bool hard_link = false;  // "nlink": one of several names, and there is an index
    bool origin = false;
  };

  // `user`: under "user.overlay.", as with the mount option userxattr, instead of "trusted.overlay.".
  LayerAttributes(OpenDirectories* directories, bool user);
  ~LayerAttributes() { Leave(); }

  // Which there are. False and errno when that cannot be told; a filesystem without attributes has none.
  bool List(LayerDirectory* directory, const std::string& name, Known* known);

  // The value of one of overlayfs's, "opaque" for example; empty when there is none.
  bool Value(LayerDirectory* directory, const std::string& name, const char* attribute, std::string* value);

  // Whether two entries have the same ones, overlayfs's own and those that depend on where a file is left aside.
  bool AreSame(LayerDirectory* one, const std::string& one_name, LayerDirectory* other, const std::string& other_name,
               bool* same);

  // The step of a failure of these: another where it is because this process is not in /proc. errno stays.
  const char* StepOf(const char* step) const;

  // The working directory of the thread is in no layer afterwards.
  void Leave();

 private:
  const char* PathOf(LayerDirectory* directory, const std::string& name);
  ssize_t ReadList(LayerDirectory* directory, const std::string& name);
  bool ReadValue(LayerDirectory* directory, const std::string& name, const char* attribute, std::string* value,
                 bool* is_there);
  bool IsContent(std::string_view attribute) const;
  bool OfFile(LayerDirectory* directory, const std::string& name, std::vector<std::string>* attributes);

  OpenDirectories* const directories_;
  const std::string prefix_;
  const bool has_at_;
  LayerDirectoryRef current_;
  std::string path_;
  std::string buffer_;
};
