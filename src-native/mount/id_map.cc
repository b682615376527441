// Opens or makes the user namespace of an idmapped mount, and applies its ID mapping.
#include "mount/id_map.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel/attributes.h"
#include "kernel/calls.h"
#include "threads/user_namespace.h"

void IdMap::Read(Arguments& arguments) {
  arguments.Namespace("userNamespace", &existing_)
      .OptionalBytes("uidMap", &uid_lines_)
      .OptionalBytes("gidMap", &gid_lines_);
}

Outcome IdMap::Open() {
  if (!IsGiven() || fd_) return {};
  if (existing_.IsGiven()) {
    Outcome outcome = existing_.Open(&fd_);
    if (outcome.Failed()) outcome.step = "open user namespace";
    return outcome;
  }
  user_namespace::Made made = user_namespace::Make(*uid_lines_, gid_lines_.value_or(*uid_lines_));
  if (made.error != 0) return Outcome::Failure(made.error, made.syscall, "make user namespace");
  fd_ = std::move(made.fd);
  return {};
}

Outcome MapIds(int tree, int user_namespace, bool recursive) {
  if (user_namespace < 0) return {};
  kernel::MountAttributes map;
  map.set = attributes::kIdMapped;
  map.userns_fd = static_cast<uint64_t>(user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (recursive ? kernel::kAtRecursive : 0);
  if (kernel::MountSetAttributes(tree, "", flags, map) == 0) return {};
  return Outcome::Failure(errno, "mount_setattr", "map ids");
}
