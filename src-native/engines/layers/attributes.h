// Reads the extended attributes of files in a layer: those of overlayfs itself, and those that a merged file shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engines/layers/directory.h"

// Before Linux 6.13 (listxattrat(2), getxattrat(2)), extended attributes cannot be read through an O_PATH descriptor of
// the directory. A thread with a working directory of its own therefore changes into the directory and reads by name.
// Another thread reads by a path of /proc/thread-self/fd.
class LayerAttributes {
 public:
  // Which of overlayfs's attributes a file has (fs/overlayfs/overlayfs.h, enum ovl_xattr). Value() reads the value of
  // one of these attributes.
  struct OverlayAttributes {
    bool opaque = false;
    bool redirect = false;
    bool metacopy = false;
    bool whiteout = false;  // since Linux 6.7
  };

  // With `user`, overlayfs's attributes are "user.overlay.*", as with the mount option userxattr. Without `user`, the
  // attributes are "trusted.overlay.*".
  LayerAttributes(OpenDirectories* directories, bool user);
  ~LayerAttributes() { Leave(); }

  // Finds which of overlayfs's attributes a file has. A filesystem without extended attributes has none of these
  // attributes.
  // Returns false with errno set when the attributes cannot be listed.
  bool List(LayerDirectory* directory, const std::string& name, OverlayAttributes* known);

  // Reads the value of one of overlayfs's attributes, such as "opaque"; the value is empty if the attribute is absent.
  // Returns false with errno set when the attribute cannot be read.
  bool Value(LayerDirectory* directory, const std::string& name, const char* attribute, std::string* value);

  // Compares the extended attributes of two files, and ignores those that a merged file does not show. Returns false
  // with errno set when an attribute cannot be read.
  bool AreSame(LayerDirectory* one, const std::string& one_name, LayerDirectory* other, const std::string& other_name,
               bool* same);

  // Returns the step name of a failure of one of the functions above: `step`, or procfs::kStep if the function failed
  // because /proc does not contain this process. errno is unchanged.
  const char* StepFor(const char* step) const;

  // Changes the thread's working directory to "/", because a working directory in a layer keeps the layer's mount busy.
  void Leave();

 private:
  const char* PathOf(LayerDirectory* directory, const std::string& name);
  ssize_t ReadList(LayerDirectory* directory, const std::string& name);
  bool ReadValue(LayerDirectory* directory, const std::string& name, const char* attribute, std::string* value,
                 bool* is_present);
  bool IsVisible(std::string_view attribute) const;
  bool ListVisible(LayerDirectory* directory, const std::string& name, std::vector<std::string>* attributes);

  OpenDirectories* const directories_;
  const std::string prefix_;
  const bool has_at_;
  LayerDirectoryRef current_;
  std::string path_;
  std::string buffer_;
};
