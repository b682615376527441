#include "place/named_place.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel/procfs.h"
#include "place/openat2_fallback.h"

int NamedPlace::Open(const std::string& path) {
  // "(unreachable)/...": in no directory that this process sees.
  if (path.empty() || path[0] != '/') return ENOENT;
  const size_t slash = path.rfind('/');
  name_ = path.substr(slash + 1);
  parent_ = walk::WithoutLinks(AT_FDCWD, path.substr(0, slash + 1));
  return parent_ ? 0 : errno;
}

std::string NamedPlace::Path() const { return name_.empty() ? "/" : procfs::Fd(parent_.get()) + "/" + name_; }

OwnedFd NamedPlace::OpenThere() const {
  return OwnedFd(openat(parent_.get(), name_.empty() ? "." : name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
