// Changes detached mounts where mount_setattr(2) is missing: in a private mount namespace, by mount(2).
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
#include "mount/change.h"
#include "napi/call.h"
#include "threads/pool.h"
#include "threads/private_mounts.h"

namespace {

constexpr char kStep[] = "set attributes in a private namespace";

Outcome Missing() { return Outcome::Failure(ENOSYS, "mount_setattr", "set attributes"); }

// Whether the error means that a sandbox, a security module or an old kernel refuses the call. ChangeDetached turns
// only such an error into ENOSYS, and its caller then falls back to a weaker method; a transient shortage of memory
// must not cause the fallback.
bool IsRefusal(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS || error == ENODEV || error == ENOTSUP;
}

// Changes the mounts on a thread that ends afterwards, while the calling thread waits: a thread that has entered a
// mount namespace of its own must not run anything else.
class ChangeInPrivateNamespace {
 public:
  static constexpr bool kFreshThread = true;
  using Result = Outcome;

  // The constructor runs on the calling thread and opens /proc, because that thread may be in another mount namespace
  // where no /proc is mounted (kernel/procfs.h).
  ChangeInPrivateNamespace(const attributes::Change& change, OwnedFd* tree)
      : change_(change),
        tree_(*tree),
        proc_(open(procfs::Root(".").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        proc_error_(proc_ ? 0 : errno) {}

  Outcome Run() {
    PrivateMounts mounts;
    Outcome outcome = Enter(&mounts);
    if (!outcome.Failed()) outcome = AttachTree();
    if (outcome.Failed()) return IsRefusal(outcome.error) ? Missing() : outcome;
    outcome = ChangeByRemount(procfs::Fd(tree_.get()).c_str(), change_);
    if (!outcome.Failed()) outcome = CopyTree();
    // A partly changed mount disappears with the private namespace, so nothing is left.
    outcome.left = false;
    return outcome;
  }

 private:
  Outcome Enter(PrivateMounts* mounts) {
    if (!proc_) return Outcome::Failure(proc_error_, "open", kStep);
    // threads/pool.cc has already called unshare(CLONE_FS) for this thread. After a refusal this function repeats the
    // call, to get its errno.
    if (!threads::HasOwnDirectory() && unshare(CLONE_FS) < 0) return Outcome::Failure(errno, "unshare", kStep);
    if (fchdir(proc_.get()) < 0) return Outcome::Failure(errno, "fchdir", kStep);
    if (chdir("thread-self") < 0) return Outcome::Failure(errno, "chdir", kStep);
    procfs::UseWorkingDirectory();
    const int error = mounts->Enter();
    if (error == 0) return {};
    // ENOSPC: the user has too many mount namespaces (namespaces(7), max_mnt_namespaces).
    return error == ENOSPC ? Missing() : Outcome::Failure(error, "unshare", kStep);
  }

  Outcome AttachTree() const {
    OwnedFd tmpfs;
    if (const int error = MountPrivateTmpfs(&tmpfs)) return Outcome::Failure(error, "mount", kStep);
    if (kernel::IsDirectory(tree_.get(), "", AT_EMPTY_PATH)) {
      if (mkdirat(tmpfs.get(), "tree", 0700) < 0) return Outcome::Failure(errno, "mkdirat", kStep);
    } else if (!OwnedFd(openat(tmpfs.get(), "tree", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600))) {
      return Outcome::Failure(errno, "openat", kStep);
    }
    constexpr unsigned kFlags = kernel::kMoveMountFromEmptyPath;
    if (kernel::MoveMount(tree_.get(), "", tmpfs.get(), "tree", kFlags) == 0) return {};
    return Outcome::Failure(errno, "move_mount", kStep);
  }

  Outcome CopyTree() {
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

Outcome ChangeDetached(const attributes::Change& change, OwnedFd* tree) {
  if (!change.ChangesAttributes() && change.propagation == 0) return {};
  if (kernel::HasTreeChanges()) return SetAttributes(tree->get(), "", AT_EMPTY_PATH, change);
  // open_tree(2) cannot copy an unbindable mount out of the private namespace.
  if (!kernel::HasTreeCopies() || change.propagation == MS_UNBINDABLE) return Missing();
  ChangeInPrivateNamespace task(change, tree);
  return call::RunAndWait(task);
}
