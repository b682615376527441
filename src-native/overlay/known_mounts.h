#pragma once

#include "overlay/upper_and_work.h"

// What this process has seen of the mounts of its namespace, so that the question whether some overlay has a directory
// is answered without reading the whole table each time: listmount(2) gives the ids, which are never used again, and
// only of new ones statmount(2) is asked more. Needs Linux 6.11.
namespace known_mounts {

enum class Answer { kNo, kPerhaps, kCannotTell };

// Whether an overlay of this mount namespace has one of these as its upper or work directory.
Answer HaveOverlayOn(const Inode& upper, const Inode& work);

}  // namespace known_mounts
