#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "kernel.h"

namespace walk {
namespace {

constexpr int kMostLinks = 40;  // MAXSYMLINKS, include/linux/namei.h

// The names of a path in reverse, to be taken from the end.
void PutNames(const std::string& path, std::vector<std::string>* names) {
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

uint64_t MountOf(int fd) {
  uint64_t id = 0;
  kernel::MountId(fd, "", AT_EMPTY_PATH, kernel::IdKind::kTable, &id);
  return id;
}

}  // namespace

OwnedFd InRoot(int root, const std::string& path, bool no_symlinks, bool no_xdev) {
  std::vector<OwnedFd> way;
  way.emplace_back(fcntl(root, F_DUPFD_CLOEXEC, 0));
  std::vector<std::string> names;
  PutNames(path, &names);
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (name == ".") continue;
    if (name == "..") {
      if (way.size() > 1) way.pop_back();
      continue;
    }
    OwnedFd next(openat(way.back().get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found;
    if (!next || fstat(next.get(), &found) < 0) return Fail(errno);
    if (!S_ISLNK(found.st_mode)) {
      if (!names.empty() && !S_ISDIR(found.st_mode)) return Fail(ENOTDIR);
      if (no_xdev && MountOf(next.get()) != MountOf(root)) return Fail(EXDEV);
      way.push_back(std::move(next));
      continue;
    }
    if (no_symlinks || ++links > kMostLinks) return Fail(ELOOP);
    char text[4096];
    const ssize_t length = readlinkat(next.get(), "", text, sizeof text);
    if (length < 0) return Fail(errno);
    const std::string link(text, static_cast<size_t>(length));
    if (link.empty()) return Fail(ENOENT);
    if (link[0] == '/') way.resize(1);
    PutNames(link, &names);
  }
  return std::move(way.back());
}

}  // namespace walk
