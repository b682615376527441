#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engines/layers/layer_compare.h"
#include "engines/layers/layer_lookup.h"

// What an upper layer changes in those below it: the tree without it and the tree with it, walked side by side. Where
// nothing is opaque and nothing redirected only the names in the upper layer are looked at.
//
// The order is that of the paths: a directory before what is in it, the names in a directory by their bytes. In what is
// deleted, or replaced by something that is no directory, nothing is told.
class LayerWalk {
 public:
  enum Type : uint8_t { kAdded, kModified, kDeleted };

  struct Change {
    Type type;
    const LayerEntry& before;
    const LayerEntry& after;
    LayerDifference difference;
    const std::string& path;
  };

  // Who is told of the changes, and when it is enough for now.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void Tell(const Change& change) = 0;
    virtual bool HasEnough() const = 0;
  };

  // `stop`, which outlives it, ends what is under way.
  LayerWalk(bool user_attributes, const std::atomic<bool>& stop)
      : stop_(stop),
        attributes_(&directories_, user_attributes),
        lookup_(&directories_, &attributes_, &lower_, &data_) {}

  // Opens the layers: the first is the upper one, then the lower ones, then those with data only.
  Outcome Open(const std::string& upper, const std::vector<std::string>& lower, const std::vector<std::string>& data);

  // Goes on until the listener has enough, the walk is over (then *over), or it is told to stop.
  Outcome Go(Listener* listener, bool* over);

 private:
  // A directory on the way: what it was, what it is, and the names in it that are still to be looked at.
  struct Level {
    LayerView before, after;
    bool is_simple = false;   // `after` is `before` with one directory more on top, in which all names are
    std::vector<char> names;  // each with a NUL behind it
    std::vector<const char*> order;
    size_t next = 0;
    size_t path_length = 0;
  };

  bool IsStopped() const { return stop_.load(std::memory_order_relaxed); }
  bool Enter(LayerView before, LayerView after);
  bool ReadNames(LayerDirectory* directory, Level* level);
  void Sort(Level* level);
  bool Look(const std::string& name, Listener* listener);
  bool Find(const Level& level, const std::string& name, LayerEntry* before, LayerEntry* after);
  bool FindAbove(const Level& level, const std::string& name, const LayerEntry& before, LayerEntry* after);

  const std::atomic<bool>& stop_;
  OpenDirectories directories_;
  LayerView lower_, data_;
  LayerAttributes attributes_;
  LayerLookup lookup_;
  std::vector<Level> way_;
  std::string path_;
};
