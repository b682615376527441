// Makes the scratch space of a trial program, and removes everything that the program made.
#include "engines/probe/scratch_space.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/calls.h"
#include "kernel/path.h"

namespace {

constexpr int kHandle = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// overlayfs makes directories of at most this depth: work/work/incompat/volatile (fs/overlayfs/super.c).
constexpr int kDeepest = 4;
constexpr int kMostNames = 64;

std::string RandomName() {
  unsigned char bytes[8] = {};
  [[maybe_unused]] const ssize_t length = getrandom(bytes, sizeof bytes, 0);
  std::string name = ".linux-mount-";
  for (const unsigned char byte : bytes) {
    name += "0123456789abcdef"[byte >> 4];
    name += "0123456789abcdef"[byte & 15];
  }
  return name;
}

std::vector<std::string> Names(int directory) {
  std::vector<std::string> names;
  const int copy = kernel::Duplicate(directory);
  DIR* stream = fdopendir(copy);  // closedir(3) closes the copied descriptor
  if (stream == nullptr) {
    close(copy);
    return names;
  }
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(stream);
  return names;
}

}  // namespace

void ScratchSpace::Enter() {
  umask(077);  // The umask belongs to this thread alone, as the working directory does (unshare(2), CLONE_FS).
  private_error_ = mounts_.Enter();
  // The directory is opened in the new mount namespace: an earlier descriptor refers to a mount of the old namespace.
  examined_ = OwnedFd(open(".", kHandle));
  struct stat found;
  if (examined_ && kernel::Stat(examined_.get(), "", AT_EMPTY_PATH, &found) == 0) {
    device_ = found.st_dev;
    MakeScratchDirectory();
  } else {
    scratch_error_ = errno;
  }
  tmpfs_error_ = IsPrivate() ? MountPrivateTmpfs(&tmpfs_) : private_error_;
}

void ScratchSpace::MakeScratchDirectory() {
  // Without getrandom(2) every try has the same name.
  for (int tries = 0; tries < kMostNames; ++tries) {
    name_ = RandomName();
    scratch_error_ = mkdirat(examined_.get(), name_.c_str(), 0700) < 0 ? errno : 0;
    if (scratch_error_ != EEXIST) break;
  }
  if (scratch_error_ != 0) {
    name_.clear();
    return;
  }
  scratch_ = OwnedFd(openat(examined_.get(), name_.c_str(), kHandle));
  if (!scratch_) scratch_error_ = errno;
}

int ScratchSpace::Go(Where where) {
  const int error = where == kScratch ? scratch_error_ : where == kTmpfs ? tmpfs_error_ : 0;
  if (error != 0) return error;
  const OwnedFd& to = where == kScratch ? scratch_ : where == kTmpfs ? tmpfs_ : examined_;
  if (fchdir(to.get()) < 0) return errno;
  where_ = where;
  return 0;
}

void ScratchSpace::RemoveMount(const char* path) {
  for (size_t at = entries_.size(); at-- > 0;) {
    const Entry& entry = entries_[at];
    if (!entry.is_mount || entry.where != where_ || entry.path != path) continue;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
}

// Empties a directory of a trial: overlayfs leaves whiteouts in the upper directory, and directories of its own in the
// work directory. This function follows no symbolic link and enters no mount.
void ScratchSpace::Empty(int parent, const char* name, int depth) const {
  const OwnedFd opened(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  uint64_t mount_id = 0, expected = 0;
  if (!opened || kernel::MountId(opened.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &mount_id) < 0 ||
      kernel::MountId(scratch_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &expected) < 0 ||
      mount_id != expected) {
    return;
  }
  for (const std::string& each : Names(opened.get())) {
    if (unlinkat(opened.get(), each.c_str(), 0) == 0) continue;
    if (unlinkat(opened.get(), each.c_str(), AT_REMOVEDIR) == 0 || depth == 0) continue;
    Empty(opened.get(), each.c_str(), depth - 1);
    unlinkat(opened.get(), each.c_str(), AT_REMOVEDIR);
  }
}

void ScratchSpace::Undo(const Entry& entry) {
  const char* path = entry.path.c_str();
  if (entry.is_mount) {
    // If the mount is busy, it is detached (MNT_DETACH), because a mount point cannot be removed. Only this thread can
    // use
    // the mount.
    if (Go(entry.where) == 0 && umount2(path, UMOUNT_NOFOLLOW) < 0) umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH);
    return;
  }
  // The tmpfs ends with the mount namespace, and no step makes a file in the examined directory itself.
  if (entry.where != kScratch) return;
  if (unlinkat(scratch_.get(), path, 0) == 0 || unlinkat(scratch_.get(), path, AT_REMOVEDIR) == 0) return;
  if (errno != ENOTEMPTY && errno != EEXIST) return;
  Empty(scratch_.get(), path, kDeepest);
  unlinkat(scratch_.get(), path, AT_REMOVEDIR);
}

int ScratchSpace::Leave(std::string* left) {
  for (size_t at = entries_.size(); at-- > 0;) Undo(entries_[at]);
  entries_.clear();
  Go(kExamined);
  int error = 0;
  if (!name_.empty() && unlinkat(examined_.get(), name_.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
    error = errno;
    *left = name_;
  }
  // Closing a descriptor can block, so the descriptors are closed on this thread and not by the destructor.
  examined_ = OwnedFd();
  scratch_ = OwnedFd();
  tmpfs_ = OwnedFd();
  mounts_.Leave();
  return error;
}
