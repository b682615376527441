// Opens the namespaces that JavaScript names, and enters mount namespaces with setns(2).
#include "threads/namespace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/calls.h"
#include "kernel/procfs.h"
#include "threads/pool.h"

void NamespaceFile::Use(int descriptor) {
  descriptor_ = OwnedFd(kernel::Duplicate(descriptor));
  error_ = descriptor_ ? 0 : errno;
}

std::string NamespaceFile::Name() const {
  if (path_) return *path_;
  struct stat found;
  const bool is_open = descriptor_ && kernel::Stat(descriptor_.get(), "", AT_EMPTY_PATH, &found) == 0;
  return is_open ? std::to_string(found.st_ino) : std::string();
}

Outcome NamespaceFile::Open(OwnedFd* fd) {
  if (error_ != 0) return Outcome::Failure(error_, "fcntl", "open namespace");
  *fd = path_ ? OwnedFd(open(path_->c_str(), O_RDONLY | O_CLOEXEC)) : std::move(descriptor_);
  return *fd ? Outcome{} : Outcome::Failure(errno, "open", "open namespace");
}

Outcome MountNamespace::Enter(bool own_directory) {
  if (!IsOther()) return {};
  // setns(2) fails with EINVAL for a mount namespace if the thread shares its root and working directory with others.
  if (!own_directory) return Outcome::Failure(threads::OwnDirectoryError(), "unshare", "working directory");
  OwnedFd fd;
  const Outcome outcome = file.Open(&fd);
  if (outcome.Failed()) return outcome;
  const OwnedFd self(open("/proc/thread-self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!self) return Outcome::Failure(errno, "open", "open namespace");
  if (setns(fd.get(), CLONE_NEWNS) < 0) return Outcome::Failure(errno, "setns", "enter namespace");
  if (fchdir(self.get()) < 0) return Outcome::Failure(errno, "fchdir", "enter namespace");
  procfs::UseWorkingDirectory();
  return {};
}
