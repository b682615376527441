#pragma once

#include "kernel/outcome.h"
#include "napi/cancellation.h"
#include "place/target.h"

enum class Where { kOnTop, kBeneath };

// Gives a mount that has no place yet (open_tree(2), fsmount(2)) its place: statx(2) for its id, then move_mount(2). A
// link to the target is followed, as mount(2) does. The cancellation is asked immediately before.
Outcome Attach(int tree, Target& target, const Cancellation& cancellation, Where where = Where::kOnTop);

// The error of a move to the target. A file over a directory, or the other way round, is ENOTDIR to a bind or a new
// mount, and one of many EINVAL to move_mount(2) and to mount(2) with MS_MOVE: here it is ENOTDIR.
int AttachError(int error, int tree, const Target& target);

// After mount(2) at a target: gives the id of what has been mounted there, and in a root its descriptor. If that cannot
// be told, or the call was cancelled meanwhile, it is taken down again.
Outcome FinishMount(const Target& target, const Cancellation& cancellation, OwnedFd* mounted);
