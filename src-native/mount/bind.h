#pragma once

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "mount/attributes.h"
#include "napi/cancellation.h"
#include "place/target.h"

namespace bind {

// A copy of the mount that `source` is on, from there on (with `change.recursive`, of those below as well), that has no
// place yet and has the change already, but for its propagation: open_tree(2), and what mount/tree_change.h says. With
// its descriptor it disappears. `id_map` is a user namespace whose mapping its files' ids get, or -1.
Outcome Clone(int at, const char* source, const attributes::Change& change, int id_map, OwnedFd* tree);

// A bind of `source` at `target` that has the attributes of its source and the change. On failure nothing is mounted,
// or Outcome::left says so.
//
// The copy is given its attributes before anybody can reach it. Where there is no open_tree(2) (before 5.2, or in a
// sandbox) it is bound, then remounted: for an instant it is as writable as its source. Ids can be mapped by
// mount_setattr(2) only (ENOSYS). The result is compared with what was asked for: EPROTO at the step "verify".
Outcome Bind(const char* source, Target& target, const attributes::Change& change, int id_map,
             const Cancellation& cancellation);

enum Way : uint32_t { kTree = 1, kRemount = 2 };

}  // namespace bind
