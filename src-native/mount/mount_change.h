#pragma once

#include "kernel/outcome.h"
#include "mount/attributes.h"

// Changes what mounts have, their attributes and their propagation.

// By mount_setattr(2): at a path or, with AT_EMPTY_PATH, of the mount that a descriptor stands for, which needs no
// place.
Outcome SetAttributes(int at, const char* path, unsigned flags, const attributes::Change& change);

// By mount(2) with MS_REMOUNT, one after the other, of mounts that have their place. All of them or, when one cannot be
// changed, as they were before; those that cannot be put back are told by Outcome::left.
//
// `path` leads to the mount that the change begins with, or EINVAL: it leads into one.
Outcome ChangeByMount(const char* path, const attributes::Change& change);

// Of mounts that have their place, by whichever there is.
Outcome ChangeMount(int at, const char* path, unsigned flags, const attributes::Change& change);
