// Mount propagation: mount(2) with MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE.
#pragma once

#include "kernel/outcome.h"

// Sets the propagation type of the mount at `path`, and with `recursive` of every mount below it.
Outcome SetPropagation(const char* path, unsigned long propagation, bool recursive);
