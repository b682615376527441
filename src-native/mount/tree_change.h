#pragma once

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "mount/attributes.h"

// Gives a tree of mounts that has no place yet (open_tree(2)) the attributes and the propagation of a change, before
// anybody can reach it: mount_setattr(2).
//
// Where that is missing (before 5.12, or in a sandbox) mount(2) does it, which needs a place: the tree is given one in
// a mount namespace that nobody else sees and that ends at once, and `tree` becomes a copy of what was changed there.
// If no such namespace may be had the error is ENOSYS, and `tree` is as it was.
Outcome ChangeTree(const attributes::Change& change, OwnedFd* tree);
