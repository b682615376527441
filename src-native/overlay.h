#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "outcome.h"
#include "owned_fd.h"
#include "working_directory.h"

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
class OverlayCall {
 public:
  using Result = Outcome;

  enum Way : uint32_t { kData = 1, kFsconfig = 2, kDescriptors = 4 };

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }
  bool NeedsOwnDirectory() const { return (ways_ & kDescriptors) != 0; }
  Outcome Run();

  WorkingDirectory directory;

 private:
  struct Opened {
    std::vector<OwnedFd> layers;  // in the order of lower_, data_only_
    OwnedFd upper;
    OwnedFd work;
  };

  Outcome Mount();
  Outcome MountByData();
  Outcome MountByFsconfig(const Opened& opened);
  Outcome MountByDescriptors(const Opened& opened);
  Outcome Configure(int context, const Opened& opened) const;
  Outcome Open(Opened* opened) const;
  Outcome Verify(Outcome outcome) const;

  std::string source_;
  std::string target_;
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
};
