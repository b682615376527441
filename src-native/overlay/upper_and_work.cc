#include "overlay/upper_and_work.h"

#include <errno.h>
#include <fcntl.h>

#include <string>

#include "kernel/path.h"
#include "kernel/transient_error.h"
#include "table/mount_lines.h"

namespace {

// As mount(2) reads it: a backslash takes the meaning from the next byte.
std::string WithoutBackslashes(std::string_view path) {
  std::string bytes;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    bytes += path[at];
  }
  return bytes;
}

// The value of ",upperdir=" or the like; empty if there is none.
std::string_view OptionOf(std::string_view options, std::string_view key) {
  const size_t at = options.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = options.substr(at + key.size());
  return rest.substr(0, rest.find(','));
}

// Whether a name means the same to every process: not one that starts at a working directory, nor the descriptor of
// whoever made the overlay, which is here another or none (fsconfig(2) before Linux 6.13).
bool IsForAll(const std::string& path) {
  return path[0] == '/' && path.rfind("/proc/thread-self/", 0) != 0 && path.rfind("/proc/self/", 0) != 0;
}

FoundDirectories Add(const std::string& path, std::vector<Inode>* found) {
  kernel::Identity identity;
  if (!IsForAll(path)) return FoundDirectories::kSome;
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
    // The name as it was given: with the backslashes of an option string or, by fsconfig(2), without.
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
