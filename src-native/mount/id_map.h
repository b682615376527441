// Idmapped mounts: MOUNT_ATTR_IDMAP of mount_setattr(2), with the ID mapping of a user namespace (Linux 5.12).
#pragma once

#include <optional>
#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"
#include "napi/arguments.h"

// The user namespace whose ID mapping an idmapped mount gets: an existing one, or a new one that is made from mapping
// lines "inside outside count" (user_namespaces(7)).
class IdMap {
 public:
  // Reads three arguments from JavaScript: userNamespace (the number of a descriptor, a path, or null), uidMap and
  // gidMap (text, or null).
  void Read(Arguments& arguments);

  // Opens or makes the user namespace, if one was given and is not open yet.
  Outcome Open();

  // The descriptor of the user namespace, or -1 if none was given.
  int fd() const { return fd_.get(); }

 private:
  bool IsGiven() const { return existing_.IsGiven() || uid_lines_.has_value(); }

  NamespaceFile existing_;
  std::optional<std::string> uid_lines_, gid_lines_;
  OwnedFd fd_;
};

// Gives a detached mount and, if `recursive`, all mounts below it the ID mapping of a user namespace. The function does
// nothing if `user_namespace` is -1.
Outcome MapIds(int tree, int user_namespace, bool recursive);
