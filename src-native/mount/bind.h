// Bind mounts that have their attributes before anybody can reach them: open_tree(2), mount_setattr(2), move_mount(2).
#pragma once

#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "mount/change.h"
#include "mount/id_map.h"
#include "mount/mounting_call.h"
#include "napi/cancellation.h"
#include "place/target.h"

namespace bind {

// The strategies of a bind, as Outcome::strategy reports them.
enum Strategy : uint32_t { kTree = 1, kRemount = 2 };

// Copies the mount that `source` lies on, from `source` down and, if the change is recursive, with the mounts below it:
// open_tree(2). The copy is a detached mount that disappears with its descriptor. The copy has the attributes of the
// change already; the caller sets the propagation. `id_map` is the descriptor of a user namespace for an idmapped
// mount, or -1.
Outcome Clone(int at, const char* source, const attributes::Change& change, int id_map, OwnedFd* tree);

// Binds `source` at `target`. The bind has the attributes of its source, changed by `change`. After a failure no bind
// is left, or Outcome::left is set.
//
// The bind gets its attributes before it is attached. Where open_tree(2) is missing (before 5.2) or denied, this
// function binds by mount(2) and then remounts: for an instant the bind is as writable as its source. Only
// mount_setattr(2) can map IDs, so a bind with an `id_map` fails with ENOSYS where mount_setattr(2) is missing. Finally
// the attributes of the bind are compared with the change; a difference fails with EPROTO at the step "verify".
Outcome Bind(const char* source, Target& target, const attributes::Change& change, int id_map,
             const Cancellation& cancellation);

}  // namespace bind

// Makes a bind mount with its attributes, attached at a target or `detached`. Arguments: source, target, set, clear,
// propagation, recursive, ID map, detached, requireUnmounted, operation.
class BindCall : public MountingCall {
 public:
  using Result = MountResult;

  void Read(Arguments& arguments);
  bool IsRelative() const;
  // Prepare runs before the thread enters another mount namespace, where the path of the user namespace may be missing.
  Outcome Prepare() { return id_map_.Open(); }
  MountResult Run() { return Finished(Make()); }

 private:
  MountResult Make();
  MountResult MakeDetached();

  std::string source_;
  attributes::Change change_;
  IdMap id_map_;
};
