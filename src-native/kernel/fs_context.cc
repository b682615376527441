// Creates and reconfigures filesystems with fsopen(2), fspick(2), fsconfig(2) and fsmount(2).
#include "kernel/fs_context.h"

#include <errno.h>

#include "kernel/calls.h"

FsContext FsContext::Open(const char* type) {
  FsContext context;
  context.fd_ = OwnedFd(kernel::FsOpen(type, kernel::kFsOpenCloexec));
  if (!context.fd_) context.outcome_ = Outcome::Failure(errno, "fsopen", "open context");
  return context;
}

FsContext FsContext::Pick(int at, const char* path, unsigned flags) {
  FsContext context;
  context.fd_ = OwnedFd(kernel::FsPick(at, path, flags | kernel::kFsPickCloexec));
  if (!context.fd_) context.outcome_ = Outcome::Failure(errno, "fspick", "open context");
  return context;
}

FsContext& FsContext::Do(unsigned command, const char* key, const char* value, int aux, const char* step, int index) {
  if (outcome_.Failed() || kernel::FsConfig(fd_.get(), command, key, value, aux) == 0) return *this;
  outcome_ = Outcome::Failure(errno, "fsconfig", step);
  outcome_.index = index;
  outcome_.log = kernel::ReadLog(fd_.get());
  return *this;
}

FsContext& FsContext::SetString(const char* key, const char* value, const char* step, int index) {
  return Do(kernel::kFsConfigSetString, key, value, 0, step, index);
}

FsContext& FsContext::SetFlag(const char* key, const char* step) {
  return Do(kernel::kFsConfigSetFlag, key, nullptr, 0, step, -1);
}

FsContext& FsContext::SetDescriptor(const char* key, int fd, const char* step, int index) {
  return Do(kernel::kFsConfigSetFd, key, nullptr, fd, step, index);
}

FsContext& FsContext::SetWord(const std::string& word, const char* step, int index) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos) return Do(kernel::kFsConfigSetFlag, word.c_str(), nullptr, 0, step, index);
  return SetString(word.substr(0, equals).c_str(), word.c_str() + equals + 1, step, index);
}

FsContext& FsContext::Create() { return Do(kernel::kFsConfigCreate, nullptr, nullptr, 0, "create", -1); }

FsContext& FsContext::Reconfigure() { return Do(kernel::kFsConfigReconfigure, nullptr, nullptr, 0, "reconfigure", -1); }

OwnedFd FsContext::Mount(uint64_t attributes) {
  if (outcome_.Failed()) return OwnedFd();
  OwnedFd tree(kernel::FsMount(fd_.get(), kernel::kFsMountCloexec, static_cast<unsigned>(attributes)));
  if (!tree) outcome_ = Outcome::Failure(errno, "fsmount", "mount");
  return tree;
}
