// Looks up paths name by name where openat2(2) is missing, with the restrictions of that call.
#include "place/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <vector>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"

namespace lookup {
namespace {

constexpr int kMostLinks = 40;         // MAXSYMLINKS, include/linux/namei.h
constexpr size_t kLongestPath = 4096;  // PATH_MAX, include/uapi/linux/limits.h
constexpr long kNoSymFollow = 0x2000;  // ST_NOSYMFOLLOW, include/linux/statfs.h
constexpr ino_t kRootOfProc = 1;       // PROCFS_ROOT_INO, include/linux/proc_fs.h

// Appends the names of a path in reverse order, so that the lookup takes the next name from the end of the list.
void PushNames(const std::string& path, std::vector<std::string>* names) {
  // A path with a trailing slash must lead to a directory; a last name "." makes the lookup check that.
  if (path.back() == '/') names->push_back(".");
  for (size_t end = path.size(); end > 0;) {
    const size_t slash = path.rfind('/', end - 1);
    const size_t start = slash == std::string::npos ? 0 : slash + 1;
    if (end > start) names->push_back(path.substr(start, end - start));
    end = slash == std::string::npos ? 0 : slash;
  }
}

OwnedFd Fail(int error) {
  errno = error;
  return OwnedFd();
}

// Returns 0 if two descriptors are on the same mount, EXDEV if they are not, or the errno of statx(2), which reports no
// mount ID before 5.8.
int CompareMounts(int one, int other) {
  uint64_t first = 0, second = 0;
  if (kernel::MountId(one, "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &first) < 0 ||
      kernel::MountId(other, "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &second) < 0) {
    return errno;
  }
  return first == second ? 0 : EXDEV;
}

// Whether the kernel follows this symbolic link by its text. The magic links of a process in /proc ("/proc/1/root") do
// not lead to the path in their text; the links in the root of /proc ("self", "mounts") are ordinary links.
bool MayFollow(int link, int parent) {
  struct statfs filesystem;
  struct stat directory;
  if (fstatfs(link, &filesystem) < 0 || kernel::Stat(parent, "", AT_EMPTY_PATH, &directory) < 0) return false;
  if (filesystem.f_flags & kNoSymFollow) return false;
  return filesystem.f_type != PROC_SUPER_MAGIC || directory.st_ino == kRootOfProc;
}

}  // namespace

OwnedFd WithoutLinks(int from, const std::string& path) {
  constexpr uint64_t kNoLinks = kernel::kResolveNoSymlinks | kernel::kResolveNoMagicLinks;
  OwnedFd found(kernel::OpenAt2(from, path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC, kNoLinks));
  // Sandboxes deny openat2(2) with EPERM, and kernels before 5.6 answer ENOSYS.
  if (found || (errno != ENOSYS && errno != EPERM)) return found;
  if (from != AT_FDCWD) return InRoot(from, path, true, false);
  const OwnedFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return root ? InRoot(root.get(), path, true, false) : OwnedFd();
}

OwnedFd InRoot(int root, const std::string& path, bool no_symlinks, bool no_xdev) {
  if (path.empty()) return Fail(ENOENT);
  if (path.size() >= kLongestPath) return Fail(ENAMETOOLONG);
  std::vector<OwnedFd> ancestors;  // the opened directories from the root on, for ".."
  ancestors.emplace_back(kernel::Duplicate(root));
  if (!ancestors.back()) return OwnedFd();
  std::vector<std::string> names;
  PushNames(path, &names);
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (name == "." || name == "..") {
      // The kernel requires search permission on the directory for "." and for "..".
      if (!OwnedFd(openat(ancestors.back().get(), ".", O_PATH | O_CLOEXEC))) return OwnedFd();
      if (name == ".." && ancestors.size() > 1) ancestors.pop_back();
      continue;
    }
    OwnedFd next(openat(ancestors.back().get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found;
    if (!next || kernel::Stat(next.get(), "", AT_EMPTY_PATH, &found) < 0) return OwnedFd();
    if (!S_ISLNK(found.st_mode)) {
      const int different = no_xdev ? CompareMounts(next.get(), root) : 0;
      if (different != 0) return Fail(different);
      if (!names.empty() && !S_ISDIR(found.st_mode)) return Fail(ENOTDIR);
      ancestors.push_back(std::move(next));
      continue;
    }
    if (no_symlinks || ++links > kMostLinks || !MayFollow(next.get(), ancestors.back().get())) return Fail(ELOOP);
    char text[kLongestPath];
    const ssize_t length = readlinkat(next.get(), "", text, sizeof text);
    if (length < 0) return OwnedFd();
    const std::string link(text, static_cast<size_t>(length));
    if (link.empty()) return Fail(ENOENT);
    if (link[0] == '/') ancestors.resize(1);
    PushNames(link, &names);
  }
  return std::move(ancestors.back());
}

}  // namespace lookup

int PinnedPath::Open(const std::string& path) {
  // The kernel shows "(unreachable)/..." for a directory that this process cannot reach from its root.
  if (path.empty() || path[0] != '/') return ENOENT;
  const size_t slash = path.rfind('/');
  name_ = path.substr(slash + 1);
  parent_ = lookup::WithoutLinks(AT_FDCWD, path.substr(0, slash + 1));
  return parent_ ? 0 : errno;
}

std::string PinnedPath::Path() const { return name_.empty() ? "/" : procfs::Fd(parent_.get()) + "/" + name_; }

OwnedFd PinnedPath::OpenEntry() const {
  return OwnedFd(openat(parent_.get(), name_.empty() ? "." : name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
