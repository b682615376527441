#include "mount/tree_change.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "mount/mount_change.h"
#include "napi/call.h"
#include "threads/pool.h"
#include "threads/private_mounts.h"

namespace {

constexpr char kApart[] = "set attributes apart";

Outcome Missing() { return Outcome::Failure(ENOSYS, "mount_setattr", "set attributes"); }

// Whether a sandbox or a security module is against it, rather than that something went wrong: a machine that is short
// of memory for a moment is no reason to do with less.
bool IsRefusal(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS || error == ENODEV || error == ENOTSUP;
}

// What has to be done on a thread that ends afterwards, while the one that asks for it waits.
class ChangeApart {
 public:
  static constexpr bool kFreshThread = true;
  using Result = Outcome;

  // On the asking thread, which may be in another mount namespace and have /proc nowhere (kernel/procfs.h).
  ChangeApart(const attributes::Change& change, OwnedFd* tree)
      : change_(change),
        tree_(*tree),
        proc_(open(procfs::Root(".").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        proc_error_(proc_ ? 0 : errno) {}

  Outcome Run() {
    PrivateMounts mounts;
    Outcome outcome = Enter(&mounts);
    if (!outcome.Failed()) outcome = GivePlace();
    if (outcome.Failed()) return IsRefusal(outcome.error) ? Missing() : outcome;
    outcome = ChangeByMount(procfs::Fd(tree_.get()).c_str(), change_);
    if (!outcome.Failed()) outcome = TakeCopy();
    // What was changed by half is gone with the namespace.
    outcome.left = false;
    return outcome;
  }

 private:
  Outcome Enter(PrivateMounts* mounts) {
    if (!proc_) return Outcome::Failure(proc_error_, "open", kApart);
    // As threads/pool.cc has done, unless it was refused: here it matters why.
    if (!threads::HasOwnDirectory() && unshare(CLONE_FS) < 0) return Outcome::Failure(errno, "unshare", kApart);
    if (fchdir(proc_.get()) < 0) return Outcome::Failure(errno, "fchdir", kApart);
    if (chdir("thread-self") < 0) return Outcome::Failure(errno, "chdir", kApart);
    procfs::UseWorkingDirectory();
    const int error = mounts->Enter();
    if (error == 0) return {};
    // A limit for namespaces (user_namespaces(7), max_mnt_namespaces).
    return error == ENOSPC ? Missing() : Outcome::Failure(error, "unshare", kApart);
  }

  Outcome GivePlace() const {
    OwnedFd memory;
    if (const int error = MountPrivateTmpfs(&memory)) return Outcome::Failure(error, "mount", kApart);
    if (kernel::IsDirectory(tree_.get(), "", AT_EMPTY_PATH)) {
      if (mkdirat(memory.get(), "tree", 0700) < 0) return Outcome::Failure(errno, "mkdirat", kApart);
    } else if (!OwnedFd(openat(memory.get(), "tree", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600))) {
      return Outcome::Failure(errno, "openat", kApart);
    }
    constexpr unsigned kFlags = kernel::kMoveMountFromEmptyPath;
    if (kernel::MoveMount(tree_.get(), "", memory.get(), "tree", kFlags) == 0) return {};
    return Outcome::Failure(errno, "move_mount", kApart);
  }

  Outcome TakeCopy() {
    const unsigned recursive = change_.recursive ? kernel::kAtRecursive : 0;
    constexpr unsigned kFlags = AT_EMPTY_PATH | kernel::kOpenTreeClone | kernel::kOpenTreeCloexec;
    OwnedFd copy(kernel::OpenTree(tree_.get(), "", kFlags | recursive));
    if (!copy) return Outcome::Failure(errno, "open_tree", "bind");
    tree_ = std::move(copy);
    return {};
  }

  const attributes::Change change_;
  OwnedFd& tree_;
  const OwnedFd proc_;
  const int proc_error_;
};

}  // namespace

Outcome ChangeTree(const attributes::Change& change, OwnedFd* tree) {
  if (!change.Changes() && change.propagation == 0) return {};
  if (kernel::HasTreeChanges()) return SetAttributes(tree->get(), "", AT_EMPTY_PATH, change);
  // Of what is unbindable there is no copy.
  if (!kernel::HasTreeCopies() || change.propagation == MS_UNBINDABLE) return Missing();
  ChangeApart apart(change, tree);
  return call::RunAndWait(apart);
}
