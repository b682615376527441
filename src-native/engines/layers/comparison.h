// Compares two entries of the same name: before and after the changes of the upper layer.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "engines/layers/lookup.h"

// The difference between two entries.
struct LayerDifference {
  bool exists = false;    // the entries differ in any way
  bool data = false;      // the contents may differ; false means that the contents are known to be equal
  bool metadata = false;  // mode, owner, device number or extended attributes differ; or the size or the time of
                          // modification, unless the entry is a directory
};

// A comparison reads the contents of two files if their metadata are equal. A copied-up file can have other content
// with the same size and the same time of modification, because build tools give all files one time
// (SOURCE_DATE_EPOCH).
class LayerComparison {
 public:
  // When `stop` becomes true, a comparison ends early, in the middle of a file too, and its result is meaningless.
  LayerComparison(OpenDirectories* directories, LayerAttributes* attributes, LayerLookup* lookup,
                  const std::atomic<bool>& stop)
      : directories_(directories), attributes_(attributes), lookup_(lookup), stop_(stop) {}

  // Returns false on failure; the lookup's failure() has the reason.
  bool Compare(const MergedEntry& before, const MergedEntry& after, LayerDifference* difference);

 private:
  bool CompareFiles(const LayerPath& one, const LayerPath& other, bool* same);
  bool CompareLinks(const LayerPath& one, const LayerPath& other, bool* same);
  bool Fail(const char* syscall, const LayerPath& file, const char* step);
  OwnedFd Open(const LayerPath& file);
  ssize_t Read(const OwnedFd& fd, const LayerPath& file, std::vector<char>* bytes);
  bool ReadLink(const LayerPath& link, std::string* text);

  OpenDirectories* const directories_;
  LayerAttributes* const attributes_;
  LayerLookup* const lookup_;
  const std::atomic<bool>& stop_;
};
