#include "named_place.h"

#include <errno.h>
#include <fcntl.h>

#include "kernel.h"
#include "procfs.h"
#include "walk.h"

namespace {

constexpr int kDirectory = O_PATH | O_DIRECTORY | O_CLOEXEC;

OwnedFd OpenWithoutLinks(const std::string& path) {
  constexpr uint64_t kNoLinks = kernel::kResolveNoSymlinks | kernel::kResolveNoMagicLinks;
  OwnedFd found(kernel::OpenAt2(AT_FDCWD, path.c_str(), kDirectory, kNoLinks));
  // Without openat2(2) (before 5.6, or a sandbox) the same, name by name.
  if (found || (errno != ENOSYS && errno != EPERM)) return found;
  const OwnedFd root(open("/", kDirectory));
  return root ? walk::InRoot(root.get(), path, true, false) : OwnedFd();
}

}  // namespace

int NamedPlace::Open(const std::string& path) {
  // "(unreachable)/...": in no directory that this process sees.
  if (path.empty() || path[0] != '/') return ENOENT;
  const size_t slash = path.rfind('/');
  name_ = path.substr(slash + 1);
  parent_ = OpenWithoutLinks(path.substr(0, slash + 1));
  return parent_ ? 0 : errno;
}

std::string NamedPlace::Path() const { return name_.empty() ? "/" : procfs::Fd(parent_.get()) + "/" + name_; }

OwnedFd NamedPlace::OpenThere() const {
  return OwnedFd(openat(parent_.get(), name_.empty() ? "." : name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
