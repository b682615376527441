// Finds the uses of a mount in the files of one process's directory in /proc.
#include "engines/holders/process_uses.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "engines/holders/proc.h"
#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

class Process {
 public:
  Process(pid_t id, const WantedMounts& wanted, std::vector<ProcessUse>* uses)
      : id_(id), directory_("/proc/" + std::to_string(id)), wanted_(wanted), uses_(uses) {}

  // The kernel makes the same permission check for all files of /proc/PID that this class reads (ptrace(2),
  // PTRACE_MODE_READ), so the first refusal ends the search.
  bool FindAll() { return CheckDirectories() && CheckLink("exe", "executable") && CheckFiles() && CheckMaps(); }

 private:
  bool IsWanted(uint64_t mount_id) const {
    return std::binary_search(wanted_.ids.begin(), wanted_.ids.end(), mount_id);
  }

  void Add(const char* how, std::string path, int fd = -1, bool by_device = false) {
    if (uses_->size() == first_) command_ = proc::CommandOf(id_);
    uses_->push_back({id_, command_, how, fd, std::move(path), by_device});
  }

  bool Has(const char* how) const {
    return std::any_of(uses_->begin() + static_cast<ptrdiff_t>(first_), uses_->end(),
                       [&](const ProcessUse& use) { return use.how == how; });
  }

  // Returns false when the kernel denies access to the link.
  bool CheckLink(const std::string& name, const char* how) {
    const std::string link = directory_ + "/" + name;
    errno = 0;
    const uint64_t mount_id = proc::MountIdBehind(link);
    if (mount_id == 0) return errno != EACCES && errno != EPERM;
    if (IsWanted(mount_id) && !Has(how)) Add(how, proc::Link(link));
    return true;
  }

  bool CheckDirectories() {
    static constexpr const char* kCwd = "cwd";
    static constexpr const char* kRoot = "root";
    const pid_t self = static_cast<pid_t>(syscall(SYS_gettid));
    std::vector<int> threads;
    if (!proc::Numbers(directory_ + "/task", &threads)) return errno == ENOENT || errno == ESRCH;
    for (const int thread : threads) {
      if (thread == self && thread != id_) continue;
      const std::string task = "task/" + std::to_string(thread) + "/";
      if (!CheckLink(task + "cwd", kCwd) || !CheckLink(task + "root", kRoot)) return false;
    }
    return true;
  }

  bool CheckFiles() {
    std::vector<int> fds;
    if (!proc::Numbers(directory_ + "/fdinfo", &fds)) return errno == ENOENT || errno == ESRCH;
    for (const int fd : fds) {
      const std::string link = directory_ + "/fd/" + std::to_string(fd);
      if (IsWanted(proc::MountIdOfFd(directory_ + "/fdinfo/" + std::to_string(fd)))) {
        Add("file", proc::Link(link), fd);
      } else if (!wanted_.sockets.empty()) {
        CheckSocket(fd, proc::Link(link));
      }
    }
    return true;
  }

  void CheckSocket(int fd, const std::string& link) {
    constexpr std::string_view kSocket = "socket:[";
    if (!link.starts_with(kSocket)) return;
    const uint64_t inode = fields::Number(std::string_view(link).substr(kSocket.size()));
    for (const BoundSocket& socket : wanted_.sockets) {
      if (socket.inode == inode) Add("socket", socket.name, fd, true);
    }
  }

  // An example of a line of /proc/PID/maps (proc_pid_maps(5)):
  //
  //   7f0c2a000000-7f0c2a021000 r--p 00000000 fe:00 1234    /lib/x.so
  //
  // The address range and the device are hexadecimal, and the inode is decimal. The last field contains a slash only if
  // the mapping is of a file. Consecutive mappings of one file are checked once.
  bool CheckMaps() {
    if (proc::IsStuck(id_)) return false;
    std::string maps;
    if (!proc::ReadFile(directory_ + "/maps", &maps)) return errno == ENOENT || errno == ESRCH;
    std::string_view previous;
    for (std::string_view rest = maps; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const size_t name = line.find('/');
      if (name == std::string_view::npos || line.substr(name) == previous) continue;
      previous = line.substr(name);
      CheckMapping(std::string(line), name);
    }
    return true;
  }

  void CheckMapping(const std::string& line, size_t name) {
    uint64_t from = 0, to = 0, major = 0, minor = 0;
    std::string_view rest = line;
    if (!fields::TakeNumber(&rest, '-', 16, &from) || !fields::TakeNumber(&rest, ' ', 16, &to)) return;
    fields::Take(&rest, ' ');  // permissions
    fields::Take(&rest, ' ');  // offset
    if (!fields::TakeNumber(&rest, ':', 16, &major) || !fields::TakeNumber(&rest, ' ', 16, &minor)) return;
    const bool same_device = std::to_string(major) + ":" + std::to_string(minor) == wanted_.device;
    if (!same_device && !wanted_.has_own_devices) return;
    char range[64];
    snprintf(range, sizeof range, "/map_files/%" PRIx64 "-%" PRIx64, from, to);
    const std::string link = directory_ + range;
    const uint64_t mount_id = proc::MountIdBehind(link);
    if (mount_id != 0) {
      if (IsWanted(mount_id)) Add("mapped", proc::Link(link));
    } else if (same_device) {
      Add("mapped", UnescapeField(line.substr(name)), -1, true);
    }
  }

  const pid_t id_;
  const std::string directory_;
  const WantedMounts& wanted_;
  std::vector<ProcessUse>* const uses_;
  const size_t first_ = uses_->size();  // the index of this process's first use
  std::string command_;                 // the process's name, which is read when the first use is found
};

}  // namespace

bool FindUses(pid_t process, const WantedMounts& wanted, std::vector<ProcessUse>* uses) {
  return Process(process, wanted, uses).FindAll();
}
