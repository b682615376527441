#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/calls.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "mount/attributes.h"
#include "mount/bind.h"
#include "overlay/overlay.h"
#include "overlay/overlay_features.h"
#include "threads/private_mounts.h"
#include "threads/user_namespace.h"

// An overlay that is made where nobody sees it, on a thread that ends afterwards, and then given its place.

MountResult OverlayCall::RunApart() {
  MountResult result;
  PrivateMounts mounts;
  result.outcome = MakeApart(&mounts, &result.tree);
  const uint32_t way = result.outcome.way;
  if (!result.outcome.Failed()) result.outcome = CheckWritable(result.tree);
  if (result.outcome.Failed()) return MountResult(result.outcome);
  if (detached_) {
    result.outcome = cancellation_.Commit() ? Outcome{} : Cancelled();
  } else if (const int error = mounts.Leave()) {
    result.outcome = Outcome::Failure(error, "setns", "leave namespace");
  } else {
    result.outcome = Attach(result.tree.get(), target_, cancellation_);
  }
  if (!detached_ || result.outcome.Failed()) result.tree = OwnedFd();
  if (!result.outcome.Failed()) result.outcome.way = way;
  return result;
}

Outcome OverlayCall::MakeApart(PrivateMounts* mounts, OwnedFd* tree) {
  const overlay::Features features = overlay::Find();
  const bool has_fsconfig = features.appends && (ways_ & kFsconfig);
  if (!has_fsconfig && (ways_ & kDescriptors) == 0) return features.NoWay();
  // Without ids to map the layers have their places already, and so have the two ways that need one.
  if (has_fsconfig && maps_.empty()) {
    Opened opened;
    Outcome outcome = Open(&opened);
    if (!outcome.Failed()) outcome = MakeTree(opened, tree);
    outcome.way = kFsconfig;
    return outcome;
  }
  OwnedFd memory;
  if (const int error = mounts->Enter()) return Outcome::Failure(error, "unshare", "make a namespace");
  if (const int error = MountPrivateTmpfs(&memory)) return Outcome::Failure(error, "mount", "make a place");
  Opened opened;
  Outcome outcome = Open(&opened);
  if (!outcome.Failed()) outcome = OpenMapped(memory.get(), &opened);
  if (outcome.Failed()) return outcome;
  if (has_fsconfig) {
    outcome = MakeTree(opened, tree);
    outcome.way = kFsconfig;
    return outcome;
  }
  const std::string data = DescriptorData(opened);
  if (data.size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  if (mkdirat(memory.get(), "merged", 0700) < 0) return Outcome::Failure(errno, "mkdirat", "make a place");
  const OwnedFd merged(openat(memory.get(), "merged", O_PATH | O_CLOEXEC));
  if (chdir(procfs::Self("fd").c_str()) < 0) return Outcome::Failure(errno, "chdir", "working directory");
  if (mount(source_.c_str(), std::to_string(merged.get()).c_str(), "overlay", flags_, data.c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  *tree = OwnedFd(kernel::OpenTree(memory.get(), "merged", kernel::kOpenTreeClone | kernel::kOpenTreeCloexec));
  outcome = *tree ? Outcome{} : Outcome::Failure(errno, "open_tree", "take the mount");
  outcome.way = kDescriptors;
  return outcome;
}

// The user namespaces, before this thread goes anywhere: their files are of this namespace, and whoever has something
// mounted over the root counts as chrooted and gets none.
Outcome OverlayCall::OpenMaps() {
  for (size_t at = 0; at + 2 < maps_.size(); at += 3) {
    Outcome outcome;
    if (maps_[at + 2].empty()) {
      user_namespaces_.emplace_back(open(maps_[at + 1].c_str(), O_RDONLY | O_CLOEXEC));
      if (!user_namespaces_.back()) outcome = Outcome::Failure(errno, "open", "open user namespace");
    } else {
      user_namespace::Made made = user_namespace::Make(maps_[at + 1], maps_[at + 2]);
      if (made.error != 0) outcome = Outcome::Failure(made.error, made.syscall, "make user namespace");
      user_namespaces_.push_back(std::move(made.fd));
    }
    if (outcome.Failed()) {
      outcome.index = static_cast<int>(fields::Number(maps_[at]));
      return outcome;
    }
  }
  return {};
}

// Each such layer gets a copy of its mount with the ids mapped, and a place for that.
Outcome OverlayCall::OpenMapped(int memory, Opened* opened) const {
  for (size_t at = 0; at < user_namespaces_.size(); ++at) {
    const std::string& name = maps_[at * 3];
    const auto index = static_cast<size_t>(fields::Number(name));
    if (index >= opened->layers.size()) return Outcome::Failure(EINVAL, "mount_setattr", "map ids");
    const std::string& path = index < lower_.size() ? lower_[index] : data_only_[index - lower_.size()];
    OwnedFd copy;
    Outcome outcome = bind::Clone(AT_FDCWD, path.c_str(), {}, user_namespaces_[at].get(), &copy);
    constexpr unsigned kFlags = kernel::kMoveMountFromEmptyPath;
    if (!outcome.Failed() && (mkdirat(memory, name.c_str(), 0700) < 0 ||
                              kernel::MoveMount(copy.get(), "", memory, name.c_str(), kFlags) < 0)) {
      outcome = Outcome::Failure(errno, "move_mount", "make a place");
    }
    if (outcome.Failed()) {
      outcome.index = static_cast<int>(index);
      return outcome;
    }
    opened->layers[index] = std::move(copy);
  }
  return {};
}
