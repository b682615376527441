// Finds the upper and work directory of an overlay from its options in the mount table.
#include <errno.h>
#include <fcntl.h>

#include <string>

#include "kernel/path.h"
#include "kernel/transient_error.h"
#include "overlay/upper_in_use.h"
#include "table/mount_lines.h"

namespace {

// Unescapes a path as overlayfs does for mount(2): a backslash makes the next byte literal.
std::string WithoutBackslashes(std::string_view path) {
  std::string bytes;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    bytes += path[at];
  }
  return bytes;
}

// Returns the value of an option; `key` is ",upperdir=" or ",workdir=". The value is empty if the option is missing.
std::string_view OptionOf(std::string_view options, std::string_view key) {
  const size_t at = options.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = options.substr(at + key.size());
  return rest.substr(0, rest.find(','));
}

// Whether a path means the same in every process. A relative path depends on the process, and so does the path of a
// descriptor of the process that made the overlay (fsconfig(2) before Linux 6.13).
bool IsSameInEveryProcess(const std::string& path) {
  return path[0] == '/' && path.rfind("/proc/thread-self/", 0) != 0 && path.rfind("/proc/self/", 0) != 0;
}

FoundDirectories Add(const std::string& path, std::vector<Inode>* found) {
  kernel::Identity identity;
  if (!IsSameInEveryProcess(path)) return FoundDirectories::kSome;
  if (kernel::Identify(AT_FDCWD, path.c_str(), 0, &identity) < 0) {
    return IsTransient(errno) ? FoundDirectories::kCannotTell : FoundDirectories::kSome;
  }
  found->push_back({identity.device, identity.inode});
  return FoundDirectories::kAll;
}

}  // namespace

FoundDirectories FindUpperAndWork(std::string_view options, std::vector<Inode>* found) {
  auto result = FoundDirectories::kAll;
  for (const std::string_view key : {",upperdir=", ",workdir="}) {
    const std::string_view value = OptionOf(options, key);
    if (value.empty()) continue;
    // The table shows the name as the caller passed it: mount(2) options have backslash escapes, and values of
    // fsconfig(2) may have none. So the name is looked up with and without its backslashes.
    const std::string raw = UnescapeField(value);
    const std::string plain = WithoutBackslashes(raw);
    FoundDirectories one = Add(plain, found);
    if (one == FoundDirectories::kCannotTell) return one;
    if (plain != raw) {
      const FoundDirectories other = Add(raw, found);
      if (other == FoundDirectories::kCannotTell) return other;
      if (other == FoundDirectories::kAll) one = other;
    }
    if (one == FoundDirectories::kSome) result = one;
  }
  return result;
}
