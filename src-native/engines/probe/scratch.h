#pragma once

#include <napi.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engines/probe/scratch_place.h"
#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// Runs a list of system calls in a scratch place (engines/probe/scratch_place.h) in `directory`, to find out by trying
// what the kernel and the filesystem there can do. Each step runs whatever came of those before it; the caller knows
// what follows from what. Nothing of it is ever seen by anybody else, and at the end nothing of it is left.
//
// It fails only when the directory cannot be entered. Otherwise it gives back
//
//   steps          for each step errno, 0 for success, or the text it found
//   privateError   errno: no mount namespace of its own, no step that mounts has been tried (EPERM)
//   placeError     errno: no directory could be made in `directory`
//   removeError    errno: what was made there could not be removed; `left` is its name
//   device         of `directory`
//   inUserNamespace, userNamespaceError, userNamespaceSyscall: see threads/user_namespace.h; asked for by
//   `namespaceData`
class ScratchCall {
 public:
  static constexpr bool kFreshThread = true;

  struct StepResult {
    int error = 0;
    std::optional<std::string> text;
  };

  struct Result {
    explicit Result(const Outcome& failure = {}) : outcome(failure) {}
    napi_value ToValue(Napi::Env env) const;

    Outcome outcome;
    std::vector<StepResult> steps;
    int private_error = 0;
    int place_error = 0;
    int remove_error = 0;
    std::string left;
    dev_t device = 0;
    bool in_user_namespace = false;
    int user_namespace_error = 0;
    const char* user_namespace_syscall = "";
  };

  void Read(Arguments& arguments);
  bool IsRelative() const;
  Result Run();

  WorkingDirectory directory;

 private:
  std::vector<StepResult> RunSteps(ScratchPlace* place, int user_namespace) const;

  // The steps, a flat list of a name and its arguments: see engines/probe/scratch_steps.cc.
  std::vector<std::string> program_;
  std::optional<std::string> namespace_data_;
};
