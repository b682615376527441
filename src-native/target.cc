#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "kernel.h"
#include "mount_lines.h"
#include "procfs.h"
#include "threads.h"
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

// A thread of ours has the umask that the process had when the thread was started. umask(2) cannot be asked without
// being changed, /proc can (4.7).
void UseUmaskOfProcess() {
  std::string status;
  if (!ReadWhole(procfs::Root("self/status").c_str(), &status)) return;
  const size_t at = status.find("\nUmask:\t");
  if (at != std::string::npos) umask(static_cast<mode_t>(strtoul(status.c_str() + at + 8, nullptr, 8)));
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
  if (!root_ || found_) return {};
  const OwnedFd root(open(root_->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Outcome::Failure(errno, "open", "open root");
  Outcome outcome = Open(root.get());
  for (int attempt = 0; outcome.error == ENOENT && create_ != kNothing && attempt < kTries; ++attempt) {
    const Outcome made = Make(root.get(), create_ == kDirectory || (create_ == kMatch && directory));
    if (!made.Failed()) return made;
    const bool in_the_way = made.error == EEXIST || made.error == ENOENT || made.error == ELOOP;
    outcome = in_the_way ? Open(root.get()) : made;
    // A link that leads nowhere, and not one that was put there a moment ago.
    if (outcome.error == ENOENT && made.error == ELOOP) return made;
  }
  return outcome;
}

Outcome Target::Hold(const Ticket& ticket) {
  if (root_ || found_ || !ticket.IsGiven()) return {};
  found_ = OwnedFd(open(path_.c_str(), O_PATH | O_CLOEXEC));
  return found_ ? Outcome{} : Outcome::Failure(errno, "open", "open target");
}

int Target::OpenInRoot(int root, const std::string& path, int flags, OwnedFd* fd) const {
  uint64_t resolve = kernel::kResolveInRoot | kernel::kResolveNoMagicLinks;
  if (resolve_ & kNoSymlinks) resolve |= kernel::kResolveNoSymlinks;
  if (resolve_ & kNoXdev) resolve |= kernel::kResolveNoXdev;
  for (int attempt = 0;; ++attempt) {
    *fd = OwnedFd(kernel::OpenAt2(root, path.c_str(), flags | O_CLOEXEC, resolve));
    if (*fd) return 0;
    if ((errno == ENOSYS || errno == EPERM) && (resolve_ & kEmulate)) {
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
  if (threads::HasOwnDirectory()) UseUmaskOfProcess();
  const std::vector<std::string> names = NamesOf(path_);
  // What a slash follows is a directory.
  if (!directory && path_.back() == '/') return Outcome::Failure(ENOTDIR, "openat2", "open target");
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
  bool made = false;
  if (directory) {
    made = mkdirat(parent.get(), name.c_str(), kDirectoryMode) == 0;
    if (!made && errno != EEXIST) return errno;
  } else {
    made = OwnedFd(openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode)).get() >= 0;
    if (!made && errno != EEXIST) return errno;
  }
  if (made) Remember(parent, name, directory);
  // A link that somebody puts there instead is not followed.
  *fd = OwnedFd(openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat there;
  if (!*fd || fstat(fd->get(), &there) < 0) return errno;
  if (S_ISLNK(there.st_mode)) return ELOOP;
  if (!made && !directory) return EEXIST;
  return directory && !S_ISDIR(there.st_mode) ? ENOTDIR : 0;
}

void Target::Remember(const OwnedFd& parent, const std::string& name, bool is_directory) {
  struct stat made;
  if (fstatat(parent.get(), name.c_str(), &made, AT_SYMLINK_NOFOLLOW) < 0) return;
  made_.push_back({OwnedFd(fcntl(parent.get(), F_DUPFD_CLOEXEC, 0)), name, is_directory, made.st_dev, made.st_ino});
}

// Only what was made here goes, and only when it is empty. A directory that somebody has used by now is theirs, and
// stays, and so does what somebody has put in its place.
void Target::RemoveMade() {
  found_ = OwnedFd();
  for (; !made_.empty(); made_.pop_back()) {
    const Made& made = made_.back();
    struct stat now;
    if (fstatat(made.parent.get(), made.name.c_str(), &now, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (now.st_dev != made.device || now.st_ino != made.inode || (!made.is_directory && now.st_size != 0)) continue;
    unlinkat(made.parent.get(), made.name.c_str(), made.is_directory ? AT_REMOVEDIR : 0);
  }
}

unsigned Target::empty_path_flag() const { return found_ ? AT_EMPTY_PATH : 0; }

const std::string& Target::PathBefore() const { return found_ ? found_name_ = procfs::Fd(found_.get()) : path_; }

bool Target::IsMountPoint() const { return kernel::IsMountPoint(at(), path(), empty_path_flag()); }
