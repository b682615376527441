#pragma once

#include "outcome.h"

// Gives a mount that has no place yet (open_tree(2), fsmount(2)) its place: statx(2) for its id, if asked, then
// move_mount(2). A link to the target is followed, as mount(2) does.
Outcome Attach(int tree, const char* target, bool identify);
