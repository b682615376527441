#include "kernel/procfs.h"

#include <unistd.h>

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

// "/proc/thread-self" is /proc/PID/task/TID.
std::string Root(const std::string& name) { return (in_working_directory ? "../../../" : "/proc/") + name; }

void UseWorkingDirectory() { in_working_directory = true; }

bool IsElsewhere() { return in_working_directory; }

}  // namespace procfs
