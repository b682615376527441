// The call `scratch`: runs a program of system calls in a scratch space, to find out what the kernel supports.
#pragma once

#include <napi.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engines/probe/scratch_space.h"
#include "kernel/outcome.h"
#include "napi/arguments.h"
#include "threads/working_directory.h"

// engines/probe/scratch_steps.h describes the program. Every step runs, whatever the results of the steps before it;
// the caller knows which results depend on each other. No other process sees the mounts of the program, and nothing
// that the program makes remains afterwards.
//
//   scratch(directory, program, namespaceData)
//
// fails only when `directory` cannot be entered, and returns otherwise:
//
//   steps          for each step an errno, 0 for success, or the text that the step returns
//   privateError   the errno why the thread has no mount namespace of its own, or 0; if it is not 0, every step that
//                  mounts fails with it (EPERM without CAP_SYS_ADMIN)
//   placeError     the errno why no scratch directory could be made in `directory`, or 0
//   removeError    the errno why the scratch directory could not be removed, or 0; `left` is the name of the directory
//   device         the device number of `directory`
//   inUserNamespace       whether this process is in a user namespace other than the initial one
//   userNamespaceError    with `namespaceData`: the errno of mounting an overlay with these data in a new user
//                         namespace, or 0 (threads/user_namespace.h)
//   userNamespaceSyscall  the system call that failed with `userNamespaceError`, or ""
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
    int scratch_error = 0;
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
  std::vector<StepResult> RunSteps(ScratchSpace* space, int user_namespace) const;

  std::vector<std::string> program_;
  std::optional<std::string> namespace_data_;
};
