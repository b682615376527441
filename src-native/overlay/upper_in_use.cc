// Looks for other overlays on an upper or work directory, under a lock on the upper directory.
#include "overlay/upper_in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <string_view>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "kernel/transient_error.h"
#include "table/mount_lines.h"

namespace {

// This library holds the flock(2) lock only while it mounts. A lock that is held for longer belongs to somebody else.
constexpr int kTries = 2000;
constexpr long kPauseNanoseconds = 1'000'000;

int LockDirectory(int fd) {
  for (int attempt = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ++attempt) {
    if (errno == EINTR) continue;
    // The filesystem has no locks, or a sandbox denies the call: Claim still looks in the mount table.
    if (errno != EWOULDBLOCK) return 0;
    if (attempt == kTries) return EBUSY;
    const timespec pause{0, kPauseNanoseconds};
    nanosleep(&pause, nullptr);
  }
  return 0;
}

// The outcome after a call that failed with errno. A shortage or an I/O error is a failure of the search. For a missing
// or forbidden directory the search succeeds, because mount(2) itself then reports the error.
Outcome SearchFailure(const char* syscall) {
  return IsTransient(errno) || errno == EIO ? Outcome::Failure(errno, syscall, "look for upper") : Outcome{};
}

Outcome LookInTable(const Inode& upper, const Inode& work) {
  std::string table;
  if (!ReadWhole(procfs::Self("mountinfo").c_str(), &table)) {
    return Outcome::Failure(errno, "read", "read the mount table");
  }
  constexpr std::string_view kOverlay = " - overlay ";
  std::vector<Inode> directories;
  for (size_t at = table.find(kOverlay); at != std::string::npos; at = table.find(kOverlay, at + 1)) {
    const size_t begin = table.rfind('\n', at) + 1;  // npos + 1 is 0
    const std::string_view line = std::string_view(table).substr(begin, table.find('\n', at) - begin);
    directories.clear();
    if (FindUpperAndWork(line.substr(line.rfind(' ')), &directories) == FoundDirectories::kCannotTell) {
      return SearchFailure("statx");
    }
    for (const Inode& each : directories) {
      if (each != upper && each != work) continue;
      Outcome outcome = Outcome::Failure(EBUSY, "mount", "check upper");
      outcome.other = MountPointOf(line);
      return outcome;
    }
  }
  return {};
}

}  // namespace

Outcome UpperInUse::Claim(const char* upper, const char* work) {
  kernel::Identity upper_identity;
  kernel::Identity work_identity;
  if (kernel::Identify(AT_FDCWD, upper, 0, &upper_identity) < 0 ||
      kernel::Identify(AT_FDCWD, work, 0, &work_identity) < 0) {
    return SearchFailure("statx");
  }
  const Inode upper_inode{upper_identity.device, upper_identity.inode};
  const Inode work_inode{work_identity.device, work_identity.inode};
  lock_ = OwnedFd(open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_) {
    const Outcome outcome = SearchFailure("open");
    if (outcome.Failed()) return outcome;
  } else if (const int error = LockDirectory(lock_.get())) {
    return Outcome::Failure(error, "flock", "lock upper");
  }
  if (known_overlays::AnyUses(upper_inode, work_inode) == known_overlays::Answer::kNo) return {};
  return LookInTable(upper_inode, work_inode);
}
