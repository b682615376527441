#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "procfs.h"
#include "walk.h"

namespace {

// A lookup in a root is begun anew when something is renamed meanwhile (EAGAIN), and to make what is missing when
// somebody else makes it or takes it away meanwhile. An attacker can keep that up, not for ever.
constexpr int kTries = 128;

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0644;

// The names of a path, without those that lead nowhere else.
std::vector<std::string> NamesOf(const std::string& path) {
  std::vector<std::string> names;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    if (!name.empty() && name != ".") names.push_back(name);
    at = end + 1;
  }
  return names;
}

std::string Joined(const std::vector<std::string>& names, size_t count) {
  std::string path = ".";
  for (size_t at = 0; at < count; ++at) path += "/" + names[at];
  return path;
}

}  // namespace

void Target::Read(Arguments& arguments) {
  arguments.Bytes("target", &path_).OptionalBytes("root", &root_).Flags("create", &create_).Flags("resolve", &resolve_);
}

bool Target::IsRelative() const {
  const std::string& start = root_ ? *root_ : path_;
  return start.empty() || start[0] != '/';
}

Outcome Target::Find(bool directory) {
  if (!root_) return {};
  const OwnedFd root(open(root_->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Outcome::Failure(errno, "open", "open root");
  Outcome outcome = Open(root.get());
  for (int attempt = 0; outcome.error == ENOENT && create_ != kNothing && attempt < kTries; ++attempt) {
    outcome = Make(root.get(), create_ == kDirectory || (create_ == kMatch && directory));
    if (outcome.error == EEXIST || outcome.error == ENOENT) outcome = Open(root.get());
  }
  return outcome;
}

int Target::OpenInRoot(int root, const std::string& path, int flags, OwnedFd* fd) const {
  uint64_t resolve = kernel::kResolveInRoot | kernel::kResolveNoMagicLinks;
  if (resolve_ & kNoSymlinks) resolve |= kernel::kResolveNoSymlinks;
  if (resolve_ & kNoXdev) resolve |= kernel::kResolveNoXdev;
  for (int attempt = 0;; ++attempt) {
    *fd = OwnedFd(kernel::OpenAt2(root, path.c_str(), flags | O_CLOEXEC, resolve));
    if (*fd) return 0;
    if (errno == ENOSYS && (resolve_ & kEmulate)) {
      *fd = walk::InRoot(root, path, (resolve_ & kNoSymlinks) != 0, (resolve_ & kNoXdev) != 0);
      return *fd ? 0 : errno;
    }
    if ((errno != EAGAIN && errno != EINTR) || attempt == kTries) return errno;
  }
}

Outcome Target::Open(int root) {
  const int error = OpenInRoot(root, path_.empty() ? "." : path_, O_PATH, &found_);
  return error == 0 ? Outcome{} : Outcome::Failure(error, "openat2", "open target");
}

Outcome Target::Make(int root, bool directory) {
  RemoveMade();  // of an attempt before
  const std::vector<std::string> names = NamesOf(path_);
  size_t existing = names.empty() ? 0 : names.size() - 1;
  OwnedFd at;
  for (;; --existing) {
    const int error = OpenInRoot(root, Joined(names, existing), O_PATH | O_DIRECTORY, &at);
    if (error == 0) break;
    if (error != ENOENT || existing == 0) return Outcome::Failure(error, "openat2", "open target");
  }
  for (size_t next = existing; next < names.size(); ++next) {
    // ".." of what does not exist yet: what it means depends on what somebody else makes there meanwhile.
    if (names[next] == "..") return Outcome::Failure(ENOTDIR, "openat2", "open target");
    OwnedFd made;
    const bool is_last = next + 1 == names.size();
    if (const int error = MakeOne(at, names[next], !is_last || directory, &made)) {
      return Outcome::Failure(error, directory || !is_last ? "mkdirat" : "openat", "make target");
    }
    at = std::move(made);
  }
  found_ = std::move(at);
  return {};
}

int Target::MakeOne(const OwnedFd& parent, const std::string& name, bool directory, OwnedFd* fd) {
  if (directory) {
    if (mkdirat(parent.get(), name.c_str(), kDirectoryMode) < 0 && errno != EEXIST) return errno;
    // A link that somebody puts there instead is not followed.
    const bool exists = errno == EEXIST;
    *fd = OwnedFd(openat(parent.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!*fd) return errno == ENOTDIR ? ELOOP : errno;
    if (exists) return 0;
  } else {
    const OwnedFd made(openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode));
    if (!made) return errno;
    *fd = OwnedFd(open(procfs::Fd(made.get()).c_str(), O_PATH | O_CLOEXEC));
    if (!*fd) return errno;
  }
  made_.push_back({OwnedFd(fcntl(parent.get(), F_DUPFD_CLOEXEC, 0)), name, directory});
  return 0;
}

// Only what is empty goes. A directory that somebody has used by now is theirs, and stays.
void Target::RemoveMade() {
  found_ = OwnedFd();
  for (; !made_.empty(); made_.pop_back()) {
    const Made& made = made_.back();
    struct stat now;
    if (!made.is_directory &&
        (fstatat(made.parent.get(), made.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_size != 0)) {
      continue;
    }
    unlinkat(made.parent.get(), made.name.c_str(), made.is_directory ? AT_REMOVEDIR : 0);
  }
}

unsigned Target::empty_path_flag() const { return found_ ? AT_EMPTY_PATH : 0; }

std::string Target::PathBefore() const { return found_ ? procfs::Fd(found_.get()) : path_; }

Outcome Target::PathAfter(std::string* path) {
  if (!found_) {
    *path = path_;
    return {};
  }
  char buffer[4096];
  const std::string link = PathBefore();
  const ssize_t length = readlink(link.c_str(), buffer, sizeof buffer);
  if (length < 0) return Outcome::Failure(errno, "readlink", "locate target");
  const std::string shown(buffer, static_cast<size_t>(length));
  const size_t slash = shown.rfind('/');
  if (slash == std::string::npos || shown == "/") return Outcome::Failure(EINVAL, "readlink", "locate target");
  const std::string name = shown.substr(slash + 1);
  // No link on the way: the path is one without any. The name must still be that of what was found, or of what has been
  // mounted over it, which then cannot be renamed any more.
  parent_ = OwnedFd(kernel::OpenAt2(AT_FDCWD, shown.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC,
                                    kernel::kResolveNoSymlinks | kernel::kResolveNoMagicLinks));
  if (!parent_) return Outcome::Failure(errno, "openat2", "locate target");
  *path = procfs::Fd(parent_.get()) + "/" + name;
  return {};
}

bool Target::IsMountPoint() const { return kernel::IsMountPoint(at(), path(), empty_path_flag()); }
