// FsContext: a filesystem context of fsopen(2) or fspick(2).
#pragma once

#include <string>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// The context describes a filesystem that is being created (fsopen(2)) or reconfigured (fspick(2)). Each setter passes
// one parameter to the kernel. When the kernel refuses a parameter, the outcome contains the messages of the kernel,
// and every later call on the context does nothing.
class FsContext {
 public:
  // Callers read a failure of Open or Pick from outcome().
  static FsContext Open(const char* type);
  static FsContext Pick(int at, const char* path, unsigned flags);

  FsContext& SetString(const char* key, const char* value, const char* step, int index = -1);
  FsContext& SetFlag(const char* key, const char* step);
  FsContext& SetDescriptor(const char* key, int fd, const char* step, int index = -1);
  // Sets one parameter from "key" or "key=value". The value may contain commas. fsconfig(2) refuses a value of more
  // than 255 bytes.
  FsContext& SetWord(const std::string& word, const char* step, int index = -1);
  FsContext& Create();
  FsContext& Reconfigure();

  // Returns a detached mount with the given MOUNT_ATTR_* flags: fsmount(2).
  OwnedFd Mount(uint64_t attributes);

  const Outcome& outcome() const { return outcome_; }

 private:
  FsContext& Do(unsigned command, const char* key, const char* value, int aux, const char* step, int index);

  OwnedFd fd_;
  Outcome outcome_;
};
