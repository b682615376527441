// The namespaces that JavaScript names in a call, and how a thread enters a mount namespace.
#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// NamespaceFile is a namespace that JavaScript names by an open file or by the path of its file, "/proc/PID/ns/mnt" or
// a bind mount of this file. If JavaScript names none, the call uses the namespace of the process.
class NamespaceFile {
 public:
  // JavaScript thread. The descriptor is duplicated at once, so that the caller may close its own.
  void Use(int descriptor);
  void Use(std::string path) { path_ = std::move(path); }

  bool IsGiven() const { return path_.has_value() || descriptor_ || error_ != 0; }

  // Any thread. Returns a name that is the same for every call that names the namespace in the same way: the path, or
  // the inode number of the open file. Empty for the namespace of the process.
  std::string Name() const;

  // Any thread. Opens the path, or moves the duplicated descriptor to `fd`.
  Outcome Open(OwnedFd* fd);

 private:
  std::optional<std::string> path_;
  OwnedFd descriptor_;
  int error_ = 0;
};

// MountNamespace is the mount namespace in which a call runs.
//
// setns(2) into another mount namespace also changes the root and working directory of the thread. A call that names
// another mount namespace therefore runs on a new thread that ends with the call. The other threads of the process stay
// in their mount namespace.
class MountNamespace {
 public:
  NamespaceFile file;

  bool IsOther() const { return file.IsGiven(); }

  // New thread. Enters the namespace if the call names one. Fails unless `own_directory` is true: see
  // threads/working_directory.h.
  Outcome Enter(bool own_directory);
};
