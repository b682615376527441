// Makes paths into /proc, and reads and splits the text of its files.
#include "kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "kernel/owned_fd.h"

namespace procfs {
namespace {

thread_local bool in_working_directory = false;

}  // namespace

std::string Self(const std::string& name) { return in_working_directory ? name : "/proc/thread-self/" + name; }

std::string Fd(int fd) { return Self("fd/" + std::to_string(fd)); }

std::string PathOf(int fd) {
  char buffer[4096];
  const ssize_t length = readlink(Fd(fd).c_str(), buffer, sizeof buffer);
  return std::string(buffer, length < 0 ? 0 : static_cast<size_t>(length));
}

// /proc/thread-self is a link to /proc/PID/task/TID, three levels below /proc.
std::string Root(const std::string& name) { return (in_working_directory ? "../../../" : "/proc/") + name; }

void UseWorkingDirectory() { in_working_directory = true; }

bool IsElsewhere() { return in_working_directory; }

}  // namespace procfs

bool ReadWhole(const char* path, std::string* text) {
  const OwnedFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  char part[16 * 1024];
  for (;;) {
    const ssize_t length = read(file.get(), part, sizeof part);
    if (length > 0) {
      text->append(part, static_cast<size_t>(length));
    } else if (length == 0) {
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
}

namespace fields {

std::string_view Take(std::string_view* rest, char separator) {
  const size_t end = rest->find(separator);
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return part;
}

uint64_t Number(std::string_view text, int base) {
  const size_t start = text.find_first_not_of(" \t");
  if (start != std::string_view::npos) text.remove_prefix(start);
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

bool TakeNumber(std::string_view* rest, char separator, int base, uint64_t* number) {
  const auto [end, error] = std::from_chars(rest->data(), rest->data() + rest->size(), *number, base);
  const auto length = static_cast<size_t>(end - rest->data());
  if (error != std::errc() || length == rest->size() || *end != separator) return false;
  rest->remove_prefix(length + 1);
  return true;
}

}  // namespace fields
