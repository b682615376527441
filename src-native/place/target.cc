// Looks up a target, and creates and removes what is missing inside a root.
#include "place/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/calls.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"
#include "threads/pool.h"

namespace {

// The kernel answers EAGAIN if a rename interrupts a lookup in a root, and a create fails if another process creates or
// removes the same name. Both calls are retried, but not for ever: an attacker can cause such failures all the time.
constexpr int kTries = 128;

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0644;

// Splits a path into its names. Empty names and "." are left out, as they do not change where the path leads.
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

std::string LastOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Sets the umask of the calling thread to that of the process. A pool thread keeps the umask that the process had when
// the thread started. umask(2) cannot read the mask without changing it, so this function reads /proc (since 4.7).
void UseUmaskOfProcess() {
  std::string status;
  if (!ReadWhole(procfs::Root("self/status").c_str(), &status)) return;
  const size_t at = status.find("\nUmask:\t");
  if (at != std::string::npos) umask(static_cast<mode_t>(fields::Number(std::string_view(status).substr(at + 8), 8)));
}

}  // namespace

void Target::Read(Arguments& arguments) {
  arguments.Bytes("target", &path_).OptionalBytes("root", &root_).Flags("create", &create_).Flags("resolve", &resolve_);
}

bool Target::IsRelative() const {
  const std::string& start = root_ ? *root_ : path_;
  return start.empty() || start[0] != '/';
}

Outcome Target::LookUp(bool directory) {
  if (!root_ || found_) return {};
  const OwnedFd root(open(root_->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Outcome::Failure(errno, "open", "open root");
  Outcome outcome = Open(root.get());
  for (int attempt = 0; outcome.error == ENOENT && create_ != kNothing && attempt < kTries; ++attempt) {
    const Outcome made = Create(root.get(), create_ == kDirectory || (create_ == kMatch && directory));
    if (!made.Failed()) return made;
    const bool has_changed = made.error == EEXIST || made.error == ENOENT || made.error == ELOOP;
    outcome = has_changed ? Open(root.get()) : made;
    // The target is a dangling symbolic link: both the create (ELOOP) and the lookup after it (ENOENT) failed.
    if (outcome.error == ENOENT && made.error == ELOOP) return made;
  }
  return outcome;
}

Outcome Target::OpenIfCancellable(const Cancellation& cancellation) {
  if (root_ || found_ || !cancellation.IsGiven()) return {};
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
      *fd = lookup::InRoot(root, path, (resolve_ & kNoSymlinks) != 0, (resolve_ & kNoXdev) != 0);
      return *fd ? 0 : errno;
    }
    if ((errno != EAGAIN && errno != EINTR) || attempt == kTries) return errno;
  }
}

Outcome Target::Open(int root) {
  const int error = OpenInRoot(root, path_.empty() ? "." : path_, O_PATH, &found_);
  return error == 0 ? Outcome{} : Outcome::Failure(error, "openat2", "open target");
}

Outcome Target::Create(int root, bool directory) {
  RemoveCreated();  // removes the entries that the previous attempt created
  if (threads::HasOwnDirectory()) UseUmaskOfProcess();
  const std::vector<std::string> names = NamesOf(path_);
  // A path with a trailing slash can only lead to a directory.
  if (!directory && path_.back() == '/') return Outcome::Failure(ENOTDIR, "openat2", "open target");
  size_t existing = names.empty() ? 0 : names.size() - 1;
  OwnedFd at;
  for (;; --existing) {
    const int error = OpenInRoot(root, Joined(names, existing), O_PATH | O_DIRECTORY, &at);
    if (error == 0) break;
    if (error != ENOENT || existing == 0) return Outcome::Failure(error, "openat2", "open target");
  }
  for (size_t next = existing; next < names.size(); ++next) {
    // The meaning of ".." after a missing name depends on what another process creates under that name meanwhile.
    if (names[next] == "..") return Outcome::Failure(ENOTDIR, "openat2", "open target");
    OwnedFd made;
    const bool is_last = next + 1 == names.size();
    if (const int error = CreateOne(at, Joined(names, next + 1), !is_last || directory, &made)) {
      return Outcome::Failure(error, directory || !is_last ? "mkdirat" : "openat", "make target");
    }
    at = std::move(made);
  }
  found_ = std::move(at);
  return {};
}

int Target::CreateOne(const OwnedFd& parent, const std::string& path, bool directory, OwnedFd* fd) {
  const std::string name = LastOf(path);
  bool made = false;
  if (directory) {
    made = mkdirat(parent.get(), name.c_str(), kDirectoryMode) == 0;
    if (!made && errno != EEXIST) return errno;
  } else {
    made = OwnedFd(openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode)).get() >= 0;
    if (!made && errno != EEXIST) return errno;
  }
  if (made) {
    if (const int error = RecordCreated(parent, path, directory)) return error;
  }
  // O_NOFOLLOW: another process may have replaced the new entry by a symbolic link.
  *fd = OwnedFd(openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat opened;
  if (!*fd || kernel::Stat(fd->get(), "", AT_EMPTY_PATH, &opened) < 0) return errno;
  if (S_ISLNK(opened.st_mode)) return ELOOP;
  if (!made && !directory) return EEXIST;
  return directory && !S_ISDIR(opened.st_mode) ? ENOTDIR : 0;
}

// Stores the identity of an entry that this target created. If the identity cannot be read, this function removes
// the entry at once, because nobody could tell later whether another process has replaced the entry.
int Target::RecordCreated(const OwnedFd& parent, const std::string& path, bool is_directory) {
  const std::string name = LastOf(path);
  struct stat made;
  OwnedFd copy(kernel::Duplicate(parent.get()));
  if (copy && kernel::Stat(parent.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, &made) == 0) {
    created_.push_back({std::move(copy), name, path, is_directory, made.st_dev, made.st_ino});
    return 0;
  }
  const int error = errno;
  if (unlinkat(parent.get(), name.c_str(), is_directory ? AT_REMOVEDIR : 0) < 0) left_created_ = path;
  return error;
}

// Removes the entries that this target created, if they are still empty. The function keeps a directory that another
// process has used meanwhile, and an entry that has replaced a created entry.
void Target::RemoveCreated() {
  found_ = OwnedFd();
  for (; !created_.empty(); created_.pop_back()) {
    const Created& created = created_.back();
    struct stat now;
    int error = 0;
    if (kernel::Stat(created.parent.get(), created.name.c_str(), AT_SYMLINK_NOFOLLOW, &now) < 0) {
      error = errno;
    } else if (now.st_dev != created.device || now.st_ino != created.inode ||
               (!created.is_directory && now.st_size != 0)) {
      continue;
    } else if (unlinkat(created.parent.get(), created.name.c_str(), created.is_directory ? AT_REMOVEDIR : 0) < 0) {
      error = errno;
    }
    // A missing or non-empty entry belongs to another process now, so the failed removal is not reported.
    const bool is_theirs = error == ENOENT || error == ENOTEMPTY || error == EEXIST;
    if (error != 0 && !is_theirs) left_created_ = created.path;
  }
}

void Target::KeepOrRemoveCreated(Outcome* outcome) {
  if (!outcome->Failed()) return created_.clear();
  RemoveCreated();
  outcome->left_made = std::move(left_created_);
}

unsigned Target::empty_path_flag() const { return found_ ? AT_EMPTY_PATH : 0; }

const std::string& Target::FullPath() const { return found_ ? found_path_ = procfs::Fd(found_.get()) : path_; }

bool Target::IsMountPoint() const { return kernel::IsMountPoint(at(), path(), empty_path_flag()); }

Outcome Target::RequireUnmounted() const {
  const int answer = kernel::IsMountRoot(at(), path(), empty_path_flag());
  if (answer < 0) return Outcome::Failure(errno, "statx", "examine target");
  return answer == 0 ? Outcome{} : Outcome::Failure(EBUSY, "mount", "check target");
}
