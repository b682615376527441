// Attaches detached mounts to a target and moves attached mounts: move_mount(2).
#pragma once

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "mount/mounting_call.h"
#include "napi/cancellation.h"

// Where a mount goes at a target that is a mount point already: on top of the mount at the target, or beneath that
// mount.
enum class Position { kOnTop, kBeneath };

// Attaches a detached mount (open_tree(2), fsmount(2)) at a target, or moves an attached mount to the target:
// move_mount(2). Returns the mount's unique ID. A symbolic link at the target is followed, as mount(2) does. The call
// can be cancelled until immediately before the move.
Outcome Attach(int tree, Target& target, const Cancellation& cancellation, Position position = Position::kOnTop);

// Translates an errno of a move to the target. When a file is attached on a directory, or a directory on a file, this
// function returns ENOTDIR, as mount(2) does for a bind and for a new mount. move_mount(2), and mount(2) with MS_MOVE,
// fail in this case with EINVAL, which has many other causes.
int AttachError(int error, int tree, const Target& target);

// Finishes a mount(2) call at a target: returns the unique ID of the new mount and, for a target in a root, a
// descriptor of the mount. If the mount cannot be identified, or the caller has cancelled meanwhile, the mount is
// unmounted again.
Outcome FinishMount(const Target& target, const Cancellation& cancellation, OwnedFd* mounted);

// Moves an attached mount. Arguments: from (a target), target, beneath, requireUnmounted, operation.
class MoveCall : public MountingCall {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return from_.IsRelative() || target_.IsRelative(); }
  Outcome Run() { return Finished(Move()); }

 private:
  Outcome Move();
  Outcome MoveByMount(const OwnedFd& tree);

  Target from_;
  bool beneath_ = false;
};

// Attaches a detached mount, or a copy of it if `clone` is set. Arguments: tree, target, clone, beneath,
// requireUnmounted, operation.
class AttachCall : public MountingCall {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run() { return Finished(AttachTree()); }

 private:
  Outcome AttachTree();

  OwnedFd tree_;
  int tree_error_ = 0;  // the errno for a descriptor that is closed
  bool clone_ = false;
  bool beneath_ = false;
};

// Closes the descriptor of a detached mount. The kernel unmounts a detached mount when its last descriptor closes,
// which can block, so this call runs on a pool thread. Argument: tree.
class CloseCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return false; }
  Outcome Run();

 private:
  OwnedFd tree_;
};
