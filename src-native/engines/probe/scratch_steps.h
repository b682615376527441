#pragma once

#include <string>

#include "engines/probe/scratch.h"
#include "kernel/owned_fd.h"

// The steps that a scratch place knows, one system call each or nearly so. Paths are relative to where the last "go"
// went
// ("memory" at the start), and "/../name" is a name in memory from everywhere (engines/probe/scratch_place.cc); when
// that went nowhere, every step until the next one fails as it did. Between them the steps keep one filesystem context
// (fsopen) and one detached tree (open_tree).
class ScratchSteps {
 public:
  using Result = ScratchCall::StepResult;

  ScratchSteps(ScratchPlace* place, int user_namespace) : place_(*place), user_namespace_(user_namespace) {
    gone_ = place_.Go(ScratchPlace::kMemory);
  }

  // How many words the step of this name has, the name counted; 0: there is none.
  static size_t Words(const std::string& name);

  // The words of a step, as many as Words() says.
  Result Run(const std::string* words);

 private:
  struct Kind;
  static const Kind kKinds[];
  static const Kind* Find(const std::string& name);

  Result Go(const std::string* words);
  Result MakeDirectory(const std::string* words);
  Result MakeDirectories(const std::string* words);
  Result WriteFile(const std::string* words);
  Result Append(const std::string* words);
  Result Unlink(const std::string* words);
  Result RemoveDirectory(const std::string* words);
  Result Rename(const std::string* words);
  Result SetXattr(const std::string* words);
  Result EntryTypes(const std::string* words);
  Result Mount(const std::string* words);
  Result Unmount(const std::string* words);
  Result Shown(const std::string* words);
  Result OpenContext(const std::string* words);
  Result SetString(const std::string* words);
  Result SetDescriptor(const std::string* words);
  Result MountContext(const std::string* words);
  Result Log(const std::string* words);
  Result Clone(const std::string* words);
  Result MapIds(const std::string* words);
  Result Attach(const std::string* words);

  Result AttachTree(const OwnedFd& tree, const char* target);

  ScratchPlace& place_;
  const int user_namespace_;
  int gone_;  // errno of the last "go"
  OwnedFd context_, tree_;
};
