#pragma once

#include <string>

#include "kernel/owned_fd.h"

// A place by the directory that it is in, as a descriptor, and by its name there.
//
// umount2(2) takes a path only, and that of the mount table leads elsewhere as soon as somebody puts a link on the way.
// From here no link is followed any more: not on the way, not in the end.
class NamedPlace {
 public:
  // Of an absolute path that has no links, as the mount table and /proc/self/fd show one. 0 or errno, ELOOP when there
  // is a link on the way by now.
  int Open(const std::string& path);

  // A path for calls that do not follow a link in the end.
  std::string Path() const;

  // What is there now, what is mounted there included; a link is opened itself. None, and errno, when there is nothing.
  OwnedFd OpenThere() const;

 private:
  OwnedFd parent_;
  std::string name_;
};
