// Reads /proc and /sys, and records when the kernel refuses a read for want of descriptors or memory.
#include "engines/holders/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "kernel/owned_fd.h"
#include "kernel/path.h"
#include "kernel/procfs.h"
#include "kernel/transient_error.h"
#include "table/mount_lines.h"

namespace proc {
namespace {

thread_local int shortage = 0;

constexpr int kStateReads = 4;
constexpr long kPauseNanoseconds = 1'000'000;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

// Returns the state letter from /proc/PID/stat: the first field after the last ")", because the process name in the
// parentheses can contain any character (proc_pid_stat(5)). Returns "?" when the file cannot be read.
char StateOf(pid_t process) {
  std::string text;
  if (!ReadFile("/proc/" + std::to_string(process) + "/stat", &text)) return '?';
  const size_t end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '?' : text[end + 2];
}

}  // namespace

bool Failed(bool failed) {
  if (failed && IsShortage(errno)) shortage = errno;
  return failed;
}

bool ReadFile(const std::string& path, std::string* text) { return !Failed(!ReadWhole(path.c_str(), text)); }

int TakeShortage() { return std::exchange(shortage, 0); }

bool Names(const std::string& directory, std::vector<std::string>* names) {
  const std::unique_ptr<DIR, CloseDirectory> open_directory(opendir(directory.c_str()));
  if (Failed(open_directory == nullptr)) return false;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(open_directory.get());
    if (entry == nullptr) return !Failed(errno != 0);
    names->emplace_back(entry->d_name);
  }
}

bool Numbers(const std::string& directory, std::vector<int>* numbers) {
  std::vector<std::string> names;
  if (!Names(directory, &names)) return false;
  for (const std::string& name : names) {
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers->push_back(number);
  }
  std::sort(numbers->begin(), numbers->end());
  return true;
}

std::string Link(const std::string& path) {
  // The kernel writes at most one page for a link of /proc.
  char buffer[4096];
  const ssize_t length = readlink(path.c_str(), buffer, sizeof buffer);
  return std::string(buffer, Failed(length < 0) ? 0 : static_cast<size_t>(length));
}

uint64_t MountIdBehind(const std::string& link) {
  uint64_t id = 0;
  return Failed(kernel::MountId(AT_FDCWD, link.c_str(), 0, kernel::IdKind::kMountinfo, &id) < 0) ? 0 : id;
}

uint64_t MountIdOfFd(const std::string& fdinfo) {
  const OwnedFd file(open(fdinfo.c_str(), O_RDONLY | O_CLOEXEC));
  Failed(!file);
  char text[256];
  const ssize_t length = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (length <= 0) return 0;
  text[length] = '\0';
  const char* field = strstr(text, "mnt_id:");
  return field == nullptr ? 0 : fields::Number(field + 7);
}

std::string CommandOf(pid_t process) {
  std::string name;
  if (!ReadFile("/proc/" + std::to_string(process) + "/comm", &name)) return "";
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

bool IsStuck(pid_t process) {
  for (int read = 0; read < kStateReads; ++read) {
    if (StateOf(process) != 'D') return false;
    const timespec pause{0, kPauseNanoseconds};
    nanosleep(&pause, nullptr);
  }
  return true;
}

}  // namespace proc
