// Captures the working directory of the process, and changes the working directory of pool threads.
#include "threads/working_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "threads/pool.h"

void WorkingDirectory::Capture() {
  captured_ = true;
  base_ = OwnedFd(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  base_error_ = base_ ? 0 : errno;
}

Outcome WorkingDirectory::Enter(bool own_directory) {
  own_ = own_directory;
  if (!own_) return path ? Outcome::Failure(threads::OwnDirectoryError(), "unshare", "working directory") : Outcome{};
  moved_ = captured_ || path;
  if (captured_) {
    if (!base_) return Outcome::Failure(base_error_, "open", "working directory");
    if (fchdir(base_.get()) < 0) return Outcome::Failure(errno, "fchdir", "working directory");
  }
  if (path && chdir(path->c_str()) < 0) return Outcome::Failure(errno, "chdir", "cwd");
  return {};
}

int WorkingDirectory::MoveTo(const char* path) {
  if (!own_) return threads::OwnDirectoryError();
  entered_ = OwnedFd(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!entered_ || chdir(path) < 0) return errno;
  moved_ = true;
  return 0;
}

int WorkingDirectory::MoveBack() { return fchdir(entered_.get()) < 0 ? errno : 0; }

void WorkingDirectory::Leave() {
  if (!moved_) return;
  // Every process keeps "/" in use anyway. If chdir("/") fails, the thread keeps the directory in use until the thread
  // ends, which is after at most kIdleSeconds without work (threads/pool.cc).
  [[maybe_unused]] int result = chdir("/");
}

void WorkingDirectory::LeaveAndRelease() {
  Leave();
  moved_ = false;
  base_ = OwnedFd();
}
