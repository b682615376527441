#include "upper_in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include <string_view>

#include "kernel.h"
#include "mount_lines.h"

namespace {

// flock(2) is held for as long as a mount takes. Whoever holds it longer is not us.
constexpr int kTries = 2000;
constexpr long kPauseNanoseconds = 1'000'000;

int Lock(int fd) {
  for (int attempt = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; ++attempt) {
    // A filesystem without locks, or a sandbox: the table is still looked at.
    if (errno != EWOULDBLOCK) return 0;
    if (attempt == kTries) return EBUSY;
    const timespec pause{0, kPauseNanoseconds};
    nanosleep(&pause, nullptr);
  }
  return 0;
}

bool IsSame(const kernel::Identity& one, const kernel::Identity& other) {
  return one.device == other.device && one.inode == other.inode;
}

// As mount(2) reads it: a backslash takes the meaning from the next byte.
std::string WithoutBackslashes(std::string_view path) {
  std::string bytes;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    bytes += path[at];
  }
  return bytes;
}

// The value of ",upperdir=" or the like in the options of a filesystem; empty if there is none.
std::string_view OptionOf(std::string_view options, std::string_view key) {
  const size_t at = options.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = options.substr(at + key.size());
  return rest.substr(0, rest.find(','));
}

struct Wanted {
  kernel::Identity upper;
  kernel::Identity work;

  bool Is(std::string_view value) const {
    if (value.empty()) return false;
    const std::string raw = UnescapeField(value);
    kernel::Identity found;
    // The name as it was given, with the backslashes of an option string or, by a descriptor, without.
    for (const std::string& path : {WithoutBackslashes(raw), raw}) {
      if (path[0] != '/' || kernel::Identify(AT_FDCWD, path.c_str(), 0, &found) < 0) continue;
      if (IsSame(found, upper) || IsSame(found, work)) return true;
      if (path == raw) break;
    }
    return false;
  }
};

}  // namespace

Outcome UpperInUse::Claim(const char* upper, const char* work) {
  Wanted wanted;
  // What is missing or forbidden the kernel says best.
  if (kernel::Identify(AT_FDCWD, upper, 0, &wanted.upper) < 0) return {};
  if (kernel::Identify(AT_FDCWD, work, 0, &wanted.work) < 0) return {};
  lock_ = OwnedFd(open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock_) {
    if (const int error = Lock(lock_.get())) return Outcome::Failure(error, "flock", "lock upper");
  }
  std::string table;
  if (!ReadWhole("/proc/thread-self/mountinfo", &table)) return Outcome::Failure(errno, "read", "read the mount table");
  constexpr std::string_view kOverlay = " - overlay ";
  for (size_t at = table.find(kOverlay); at != std::string::npos; at = table.find(kOverlay, at + 1)) {
    const size_t begin = table.rfind('\n', at) + 1;  // npos + 1 is 0
    const std::string_view line = std::string_view(table).substr(begin, table.find('\n', at) - begin);
    const std::string_view options = line.substr(line.rfind(' '));
    if (!wanted.Is(OptionOf(options, ",upperdir=")) && !wanted.Is(OptionOf(options, ",workdir="))) continue;
    Outcome outcome = Outcome::Failure(EBUSY, "mount", "check upper");
    outcome.other = MountPointOf(line);
    return outcome;
  }
  return {};
}
