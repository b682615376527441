#pragma once

#include "attributes.h"
#include "outcome.h"

// Changes the attributes of mounts that have their place by mount(2) with MS_REMOUNT, one after the other, for kernels
// without mount_setattr(2). All of them or, when one cannot be changed, as they were before; those that cannot be put
// back are told by Outcome::left.
//
// `path` leads to the mount that the change begins with, or EINVAL: it leads into one.
Outcome RemountTree(const char* path, const attributes::Change& change);

// Sets the propagation of a mount, and with `recursive` of all below it, by mount(2).
Outcome SetPropagation(const char* path, unsigned long propagation, bool recursive);
