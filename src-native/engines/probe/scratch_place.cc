#include "engines/probe/scratch_place.h"

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
// The deepest that overlayfs makes: work/work/incompat/volatile.
constexpr int kDeepest = 4;
constexpr int kMostTries = 64;

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
  DIR* stream = fdopendir(copy);  // closedir closes the descriptor that it was given
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

void ScratchPlace::Enter() {
  umask(077);  // the thread's own, as its working directory is
  private_error_ = mounts_.Enter();
  // Opened after the namespace was copied: a descriptor from before is on a mount of the old one.
  directory_ = OwnedFd(open(".", kHandle));
  struct stat found;
  if (directory_ && kernel::Stat(directory_.get(), "", AT_EMPTY_PATH, &found) == 0) {
    device_ = found.st_dev;
    MakePlace();
  } else {
    place_error_ = errno;
  }
  memory_error_ = IsPrivate() ? MountPrivateTmpfs(&memory_) : private_error_;
}

void ScratchPlace::MakePlace() {
  // Without getrandom(2) the name is always the same one.
  for (int tries = 0; tries < kMostTries; ++tries) {
    name_ = RandomName();
    place_error_ = mkdirat(directory_.get(), name_.c_str(), 0700) < 0 ? errno : 0;
    if (place_error_ != EEXIST) break;
  }
  if (place_error_ != 0) {
    name_.clear();
    return;
  }
  place_ = OwnedFd(openat(directory_.get(), name_.c_str(), kHandle));
  if (!place_) place_error_ = errno;
}

int ScratchPlace::Go(Where where) {
  const int error = where == kPlace ? place_error_ : where == kMemory ? memory_error_ : 0;
  if (error != 0) return error;
  const OwnedFd& to = where == kPlace ? place_ : where == kMemory ? memory_ : directory_;
  if (fchdir(to.get()) < 0) return errno;
  where_ = where;
  return 0;
}

void ScratchPlace::Unmounted(const char* path) {
  for (size_t at = journal_.size(); at-- > 0;) {
    const Entry& entry = journal_[at];
    if (!entry.is_mount || entry.where != where_ || entry.path != path) continue;
    journal_.erase(journal_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
}

// Removes what overlayfs has left in a directory that was made here: whiteouts, and the directories of its own that are
// in "work". By names, one after the other, through no link and into no mount.
void ScratchPlace::Empty(int parent, const char* name, int depth) const {
  const OwnedFd opened(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  uint64_t here = 0, expected = 0;
  if (!opened || kernel::MountId(opened.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &here) < 0 ||
      kernel::MountId(place_.get(), "", AT_EMPTY_PATH, kernel::IdKind::kMountinfo, &expected) < 0 || here != expected) {
    return;
  }
  for (const std::string& each : Names(opened.get())) {
    if (unlinkat(opened.get(), each.c_str(), 0) == 0) continue;
    if (unlinkat(opened.get(), each.c_str(), AT_REMOVEDIR) == 0 || depth == 0) continue;
    Empty(opened.get(), each.c_str(), depth - 1);
    unlinkat(opened.get(), each.c_str(), AT_REMOVEDIR);
  }
}

void ScratchPlace::Undo(const Entry& entry) {
  const char* path = entry.path.c_str();
  if (entry.is_mount) {
    // Nobody but this thread can be in there: a lazy one is for what went wrong, so that its directory can go.
    if (Go(entry.where) == 0 && umount2(path, UMOUNT_NOFOLLOW) < 0) umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH);
    return;
  }
  if (entry.where != kPlace) return;  // the tmpfs goes with the thread, and in the directory itself nothing is made
  if (unlinkat(place_.get(), path, 0) == 0 || unlinkat(place_.get(), path, AT_REMOVEDIR) == 0) return;
  if (errno != ENOTEMPTY && errno != EEXIST) return;
  Empty(place_.get(), path, kDeepest);
  unlinkat(place_.get(), path, AT_REMOVEDIR);
}

int ScratchPlace::Leave(std::string* left) {
  for (size_t at = journal_.size(); at-- > 0;) Undo(journal_[at]);
  journal_.clear();
  Go(kDirectory);
  int error = 0;
  if (!name_.empty() && unlinkat(directory_.get(), name_.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
    error = errno;
    *left = name_;
  }
  // Here, on the thread that may wait, and not wherever this object ends.
  directory_ = OwnedFd();
  place_ = OwnedFd();
  memory_ = OwnedFd();
  mounts_.Leave();
  return error;
}
