// Mounts overlays, by one of three strategies.
#pragma once

#include <errno.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "mount/mounting_call.h"
#include "threads/private_mounts.h"

namespace overlay {

// How the overlayfs of the running kernel accepts its layers (overlay/kernel_support.cc).
struct KernelSupport {
  bool appends = false;      // fsconfig(2) takes one layer at a time, as "lowerdir+": Linux 6.7
  bool descriptors = false;  // fsconfig(2) takes a layer as a descriptor: Linux 6.13
  int error = 0;             // the transient error that prevented the test, such as EMFILE; both members are false then

  // The failure for an overlay whose layers this kernel cannot take by any of the allowed strategies.
  Outcome NoStrategy() const {
    return error != 0 ? Outcome::Failure(error, "fsopen", "choose a strategy")
                      : Outcome::Failure(EOPNOTSUPP, "fsconfig", "choose a strategy");
  }
};

// Tests the kernel on a filesystem context that is then closed, and remembers the result for the life of the process. A
// result is not remembered if no context can be opened (no privilege, no overlayfs) or after a transient error; the
// next call then tests again.
KernelSupport FindKernelSupport();

}  // namespace overlay

// Mounts an overlay by the first of these strategies that the caller allows and the kernel supports:
//
//   data         mount(2) with an option string from the caller
//   fsconfig     fsopen(2), one fsconfig(2) for each layer, fsmount(2), move_mount(2): Linux 6.7. Each layer is a
//                descriptor or, before 6.13, the path /proc/self/fd/N
//   descriptors  mount(2) with descriptor numbers as the layers' names, from the working directory /proc/self/fd
//
// The result contains the unique ID of the new mount, and the strategy unless the strategy is "data". The strategies
// "fsconfig" and "descriptors" open each directory once, so the opened directory becomes the layer even if its path
// leads elsewhere later. The call closes all descriptors at its end, and unmounts a mount that differs from the
// request.
//
// An overlay is mounted in a private mount namespace of the thread (overlay/private_overlay.cc) in two cases: if it has
// idmapped layers, and if it is `detached` and the kernel cannot make it detached directly. Before 6.15 the layers of
// an overlay must be attached in the mount namespace where the overlay is mounted, and the idmapped copies of the
// layers must be invisible to other processes.
class OverlayCall : public MountingCall {
 public:
  using Result = MountResult;

  enum Strategy : uint32_t { kData = 1, kFsconfig = 2, kDescriptors = 4 };

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }
  bool NeedsOwnDirectory() const {
    return (strategies_ & kDescriptors) || NeedsFreshThread() || mount_namespace.IsOther();
  }
  bool NeedsFreshThread() const { return mount_namespace.IsOther() || NeedsPrivateNamespace(); }
  // Prepare runs before the thread enters another mount namespace, where the paths of user namespaces may be missing.
  Outcome Prepare() { return OpenUserNamespaces(); }
  MountResult Run() { return Finished(Make()); }

 private:
  struct Opened {
    std::vector<OwnedFd> layers;  // the layers of lower_, followed by those of data_only_
    OwnedFd upper;
    OwnedFd work;
  };

  bool NeedsPrivateNamespace() const { return detached_ || !id_maps_.empty(); }
  MountResult Make();
  Outcome CheckTarget();
  Outcome Mount();
  Outcome MountByData();
  Outcome MountByFsconfig(const Opened& opened);
  Outcome MountByDescriptors(const Opened& opened);
  Outcome Open(Opened* opened) const;
  Outcome Finish() const;
  Outcome CheckWritable(const OwnedFd& tree) const;

  // Defined in overlay/layer_options.cc: the detached overlay of the strategy "fsconfig", and the option string of the
  // strategy "descriptors".
  Outcome MakeTree(const Opened& opened, OwnedFd* tree) const;
  std::string DescriptorData(const Opened& opened) const;

  // Defined in overlay/private_overlay.cc: the overlay in a private mount namespace.
  MountResult RunInPrivateNamespace();
  Outcome MakePrivateTree(PrivateMounts* mounts, OwnedFd* tree);
  Outcome OpenUserNamespaces();
  Outcome MapLayers(int tmpfs, Opened* opened) const;

  std::string source_;
  std::vector<std::string> lower_;
  std::vector<std::string> data_only_;
  std::optional<std::string> upper_;
  std::optional<std::string> work_;
  std::vector<std::string> options_;  // "userxattr", "index=on"
  unsigned long flags_ = 0;           // the attributes of the mount, as mount(2) flags
  std::optional<std::string> data_;
  unsigned long strategies_ = 0;
  bool writable_ = false;   // the call fails if the new mount is read-only
  bool exclusive_ = false;  // the call fails if another overlay uses the upper or work directory
  // Three strings for each idmapped layer: the index of the layer, and then either the path of a user namespace and "",
  // or the lines for uid_map and for gid_map (threads/user_namespace.h).
  std::vector<std::string> id_maps_;
  std::vector<OwnedFd> user_namespaces_;  // in the order of id_maps_
};
