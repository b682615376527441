#pragma once

#include <atomic>

#include "engines/layers/layer_lookup.h"

// What is different between two entries of the same name.
struct LayerDifference {
  bool is_other = false;  // at all
  bool data = false;      // false: the content is known to be the same
  bool metadata = false;  // mode, owner, device number, extended attributes; but of directories time and size
};

// Compares what cannot be told apart by its metadata byte by byte: a copy with the same size and time of modification
// may have other content, as whoever packs files reproducibly gives all of them one time. Told to stop it does so in
// the middle of a file, and its result is of no use. False: see lookup's failure().
bool Compare(const LayerEntry& before, const LayerEntry& after, OpenDirectories* directories,
             LayerAttributes* attributes, LayerLookup* lookup, const std::atomic<bool>& stop,
             LayerDifference* difference);
