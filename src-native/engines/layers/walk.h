// Walks through layers and finds what the upper layer changes in the lower layers.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engines/layers/change_encoder.h"
#include "engines/layers/comparison.h"
#include "engines/layers/lookup.h"

// The walk compares two merged directory trees: `before` lacks the upper layer, and `after` includes the upper layer.
// Where no directory is opaque and none is redirected, the walk visits only the names in the upper layer.
//
// A directory precedes its entries, and the entries of a directory are in the order of the bytes of their names. For a
// directory that was deleted or replaced by another kind of file, the walk reports one change and no changes of its
// entries.
class LayerWalk {
 public:
  // The walk ends early when `stop` becomes true. `stop` must outlive the walk.
  LayerWalk(bool user_attributes, const std::atomic<bool>& stop)
      : stop_(stop),
        attributes_(&directories_, user_attributes),
        lookup_(&directories_, &attributes_, &lower_, &data_),
        comparison_(&directories_, &attributes_, &lookup_, stop) {}

  // Opens the upper layer, the lower layers and the data-only layers.
  Outcome Open(const std::string& upper, const std::vector<std::string>& lower, const std::vector<std::string>& data);

  // Continues the walk until the encoder is full, the walk is complete, or `stop` is true. Sets `is_complete`.
  Outcome Continue(ChangeEncoder* encoder, bool* is_complete);

 private:
  // A directory that the walk is in: its merged directories `before` and `after`, and the names that remain to be
  // visited.
  struct Level {
    MergedDirectory before, after;
    bool is_simple = false;   // `after` is `before` plus one topmost directory that has all names to be visited
    std::vector<char> names;  // the names in the directory, each followed by a NUL
    std::vector<const char*> order;
    size_t next = 0;
    size_t path_length = 0;
  };

  bool IsStopped() const { return stop_.load(std::memory_order_relaxed); }
  bool Enter(MergedDirectory before, MergedDirectory after);
  bool ReadNames(LayerDirectory* directory, Level* level);
  void Sort(Level* level);
  bool Visit(const std::string& name, ChangeEncoder* encoder);
  bool Find(const Level& level, const std::string& name, MergedEntry* before, MergedEntry* after);
  bool FindOnTop(const Level& level, const std::string& name, const MergedEntry& before, MergedEntry* after);

  const std::atomic<bool>& stop_;
  OpenDirectories directories_;
  MergedDirectory lower_, data_;
  LayerAttributes attributes_;
  LayerLookup lookup_;
  LayerComparison comparison_;
  std::vector<Level> levels_;
  std::string path_;
};
