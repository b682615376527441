#pragma once

#include <string>
#include <vector>

#include "kernel/outcome.h"
#include "kernel/owned_fd.h"

// A filesystem that is being made (fsopen(2)) or changed (fspick(2)): it is told one parameter after the other, and
// what it answers to a wrong one goes into the failure. After the first failure nothing more is done.
class FsContext {
 public:
  // A failure shows in outcome().
  static FsContext Open(const char* type);
  static FsContext Pick(int at, const char* path, unsigned flags);

  FsContext& SetString(const char* key, const char* value, const char* step, int index = -1);
  FsContext& SetFlag(const char* key, const char* step);
  FsContext& SetDescriptor(const char* key, int fd, const char* step, int index = -1);
  // A word of an option string, "key" or "key=value", where a value may have commas and is not longer than 255 bytes.
  FsContext& SetWord(const std::string& word, const char* step, int index = -1);
  FsContext& Create();
  FsContext& Reconfigure();

  // The mount, without a place; attributes as MOUNT_ATTR_*.
  OwnedFd Mount(uint64_t attributes);

  const Outcome& outcome() const { return outcome_; }

 private:
  FsContext& Do(unsigned command, const char* key, const char* value, int aux, const char* step, int index);

  OwnedFd fd_;
  Outcome outcome_;
};
