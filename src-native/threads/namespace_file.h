#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// A namespace that JavaScript names: by a descriptor, or by the path of its file ("/proc/PID/ns/mnt", or wherever it is
// bound); or none, which is that of the process.
class NamespaceFile {
 public:
  // JavaScript thread. A descriptor is duplicated at once, so that the caller may close it.
  void Use(int descriptor);
  void Use(std::string path) { path_ = std::move(path); }

  bool IsGiven() const { return path_.has_value() || descriptor_ || error_ != 0; }

  // Any thread.
  Outcome Open(OwnedFd* fd);

 private:
  std::optional<std::string> path_;
  OwnedFd descriptor_;
  int error_ = 0;
};

// The mount namespace that a call acts in.
//
// A thread enters another one with setns(2), which takes its root and its working directory along, and never comes
// back: it is one that was started for this call and ends with it. The process itself stays where it is.
class MountNamespace {
 public:
  NamespaceFile file;

  bool IsOther() const { return file.IsGiven(); }

  // Thread of ours, one that has a working directory of its own.
  Outcome Enter(bool own_directory);
};
