#include "mount/id_map.h"

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
