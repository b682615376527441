#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/owned_fd.h"
#include "napi/operation.h"
#include "napi/result.h"
#include "place/target.h"
#include "threads/private_mounts.h"

// Mounts an overlay by the first way of those allowed that this kernel has:
//
//   data         mount(2) with an option string that is ready made
//   fsconfig     fsopen(2), one fsconfig(2) for each layer, fsmount(2), move_mount(2): Linux 6.7. Layers are given by
//                descriptor, or by their /proc/self/fd/N where a descriptor is not taken (before 6.13)
//   descriptors  mount(2) with descriptor numbers for names, from the working directory /proc/self/fd
//
// Gives the new mount's id; with the way, if it was not that of data. By the last two each directory is opened once,
// and it is that directory which becomes a layer, whatever happens to its path meanwhile. All descriptors are closed at
// the end, and a mount that is not what was asked for is taken down.
//
// An overlay without a place (`detached`), where the kernel cannot make one directly, and one with layers whose ids are
// mapped, is mounted in a namespace of the thread's own and taken from there (overlay/private_overlay.cc): the layers
// of an overlay must have a place in the namespace where it is mounted (before 6.15), and nobody is to see theirs.
class OverlayCall : public Operation {
 public:
  using Result = MountResult;

  enum Way : uint32_t { kData = 1, kFsconfig = 2, kDescriptors = 4 };

  void Read(Arguments& arguments);
  // By an option string at a path, with the source "overlay": target, flags, data, writable.
  void ReadUsual(Arguments& arguments);
  bool IsRelative() const { return true; }
  bool NeedsOwnDirectory() const { return (ways_ & kDescriptors) || NeedsFreshThread() || mount_namespace.IsOther(); }
  bool NeedsFreshThread() const { return mount_namespace.IsOther() || IsApart(); }
  Outcome Prepare() { return OpenMaps(); }
  MountResult Run() {
    MountResult result = Make();
    target_.Settle(&result.outcome);
    return result;
  }

 private:
  struct Opened {
    std::vector<OwnedFd> layers;  // in the order of lower_, data_only_
    OwnedFd upper;
    OwnedFd work;
  };

  bool IsApart() const { return detached_ || !maps_.empty(); }
  MountResult Make();
  Outcome Check();
  Outcome Mount();
  Outcome MountByData();
  Outcome MountByFsconfig(const Opened& opened);
  Outcome MountByDescriptors(const Opened& opened);
  Outcome Open(Opened* opened) const;
  Outcome Finish() const;
  Outcome CheckWritable(const OwnedFd& tree) const;

  // overlay/data_and_parameters.cc: the overlay without a place, and the option string of numbers.
  Outcome MakeTree(const Opened& opened, OwnedFd* tree) const;
  std::string DescriptorData(const Opened& opened) const;

  // overlay/private_overlay.cc
  MountResult RunApart();
  Outcome MakeApart(PrivateMounts* mounts, OwnedFd* tree);
  Outcome OpenMaps();
  Outcome OpenMapped(int memory, Opened* opened) const;

  std::string source_;
  Target target_;
  std::vector<std::string> lower_;
  std::vector<std::string> data_only_;
  std::optional<std::string> upper_;
  std::optional<std::string> work_;
  std::vector<std::string> words_;  // "userxattr", "index=on"
  unsigned long flags_ = 0;         // attributes, as of mount(2)
  std::optional<std::string> data_;
  unsigned long ways_ = 0;
  bool writable_ = false;   // refuse a mount that is read-only
  bool exclusive_ = false;  // refuse an upper or work directory that another overlay has
  bool vacant_ = false;     // refuse a target that is a mount point
  bool detached_ = false;
  // Of each layer whose ids are mapped: its index, and the file of a user namespace with "", or lines for uid_map and
  // gid_map (threads/user_namespace.h).
  std::vector<std::string> maps_;
  std::vector<OwnedFd> user_namespaces_;  // of maps_
};
