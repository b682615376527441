#pragma once

#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"

// How the ids of files appear through a mount (MOUNT_ATTR_IDMAP, mount_setattr(2), Linux 5.12): by the mapping of a
// user namespace, which is either there already or made here from lines "inside outside count" (user_namespaces(7)).
class IdMap {
 public:
  // Three arguments: userNamespace (a descriptor's number or a path, or null), uidMap, gidMap (text, or null).
  void Read(Arguments& arguments);

  bool IsGiven() const { return existing_.IsGiven() || uid_lines_.has_value(); }

  // The user namespace, once it is needed; -1 when none was given.
  Outcome Open();
  int fd() const { return fd_.get(); }

 private:
  NamespaceFile existing_;
  std::optional<std::string> uid_lines_, gid_lines_;
  OwnedFd fd_;
};
