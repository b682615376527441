// Mounts an overlay in a private mount namespace, on a thread that ends afterwards, and attaches it from there.
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/calls.h"
#include "kernel/procfs.h"
#include "mount/attach.h"
#include "mount/bind.h"
#include "overlay/overlay.h"
#include "threads/private_mounts.h"
#include "threads/user_namespace.h"

MountResult OverlayCall::RunInPrivateNamespace() {
  MountResult result;
  PrivateMounts mounts;
  result.outcome = MakePrivateTree(&mounts, &result.tree);
  const uint32_t strategy = result.outcome.strategy;
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
  if (!result.outcome.Failed()) result.outcome.strategy = strategy;
  return result;
}

Outcome OverlayCall::MakePrivateTree(PrivateMounts* mounts, OwnedFd* tree) {
  const overlay::KernelSupport support = overlay::FindKernelSupport();
  const bool has_fsconfig = support.appends && (strategies_ & kFsconfig);
  if (!has_fsconfig && (strategies_ & kDescriptors) == 0) return support.NoStrategy();
  // Without idmapped layers, all layers are attached mounts already, and fsconfig(2) needs no private mount namespace.
  if (has_fsconfig && id_maps_.empty()) {
    Opened opened;
    Outcome outcome = Open(&opened);
    if (!outcome.Failed()) outcome = MakeTree(opened, tree);
    outcome.strategy = kFsconfig;
    return outcome;
  }
  OwnedFd tmpfs;
  if (const int error = mounts->Enter()) return Outcome::Failure(error, "unshare", "make a namespace");
  if (const int error = MountPrivateTmpfs(&tmpfs)) return Outcome::Failure(error, "mount", "make a mount point");
  Opened opened;
  Outcome outcome = Open(&opened);
  if (!outcome.Failed()) outcome = MapLayers(tmpfs.get(), &opened);
  if (outcome.Failed()) return outcome;
  if (has_fsconfig) {
    outcome = MakeTree(opened, tree);
    outcome.strategy = kFsconfig;
    return outcome;
  }
  const std::string data = DescriptorData(opened);
  if (data.size() + 1 > kernel::PageSize()) return Outcome::Failure(E2BIG, "mount", "check data");
  if (mkdirat(tmpfs.get(), "merged", 0700) < 0) return Outcome::Failure(errno, "mkdirat", "make a mount point");
  const OwnedFd merged(openat(tmpfs.get(), "merged", O_PATH | O_CLOEXEC));
  if (chdir(procfs::Self("fd").c_str()) < 0) return Outcome::Failure(errno, "chdir", "working directory");
  if (mount(source_.c_str(), std::to_string(merged.get()).c_str(), "overlay", flags_, data.c_str()) < 0) {
    return Outcome::Failure(errno, "mount", "mount");
  }
  *tree = OwnedFd(kernel::OpenTree(tmpfs.get(), "merged", kernel::kOpenTreeClone | kernel::kOpenTreeCloexec));
  outcome = *tree ? Outcome{} : Outcome::Failure(errno, "open_tree", "clone the mount");
  outcome.strategy = kDescriptors;
  return outcome;
}

// Opens or makes the user namespaces of all idmapped layers. This function runs before the thread enters the private
// mount namespace, because the paths of the user namespaces belong to the caller's mount namespace. Besides, the kernel
// creates no user namespace for a thread with a mount on top of its root, which counts as chrooted.
Outcome OverlayCall::OpenUserNamespaces() {
  for (size_t at = 0; at + 2 < id_maps_.size(); at += 3) {
    Outcome outcome;
    if (id_maps_[at + 2].empty()) {
      user_namespaces_.emplace_back(open(id_maps_[at + 1].c_str(), O_RDONLY | O_CLOEXEC));
      if (!user_namespaces_.back()) outcome = Outcome::Failure(errno, "open", "open user namespace");
    } else {
      user_namespace::Made made = user_namespace::Make(id_maps_[at + 1], id_maps_[at + 2]);
      if (made.error != 0) outcome = Outcome::Failure(made.error, made.syscall, "make user namespace");
      user_namespaces_.push_back(std::move(made.fd));
    }
    if (outcome.Failed()) {
      outcome.index = static_cast<int>(fields::Number(id_maps_[at]));
      return outcome;
    }
  }
  return {};
}

// Replaces each idmapped layer by an idmapped copy of its mount, attached in the private tmpfs.
Outcome OverlayCall::MapLayers(int tmpfs, Opened* opened) const {
  for (size_t at = 0; at < user_namespaces_.size(); ++at) {
    const std::string& name = id_maps_[at * 3];
    const auto index = static_cast<size_t>(fields::Number(name));
    if (index >= opened->layers.size()) return Outcome::Failure(EINVAL, "mount_setattr", "map ids");
    const std::string& path = index < lower_.size() ? lower_[index] : data_only_[index - lower_.size()];
    OwnedFd copy;
    Outcome outcome = bind::Clone(AT_FDCWD, path.c_str(), {}, user_namespaces_[at].get(), &copy);
    constexpr unsigned kFlags = kernel::kMoveMountFromEmptyPath;
    if (!outcome.Failed() && (mkdirat(tmpfs, name.c_str(), 0700) < 0 ||
                              kernel::MoveMount(copy.get(), "", tmpfs, name.c_str(), kFlags) < 0)) {
      outcome = Outcome::Failure(errno, "move_mount", "make a mount point");
    }
    if (outcome.Failed()) {
      outcome.index = static_cast<int>(index);
      return outcome;
    }
    opened->layers[index] = std::move(copy);
  }
  return {};
}
