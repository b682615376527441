// Runs the program of the call `scratch` and turns the results of its steps into JavaScript values.
#include "engines/probe/scratch.h"

#include <errno.h>

#include "engines/probe/scratch_steps.h"
#include "threads/user_namespace.h"

void ScratchCall::Read(Arguments& arguments) {
  arguments.Bytes("directory", &directory.path.emplace())
      .BytesList("program", &program_)
      .OptionalBytes("namespaceData", &namespace_data_);
}

bool ScratchCall::IsRelative() const { return directory.path->empty() || (*directory.path)[0] != '/'; }

ScratchCall::Result ScratchCall::Run() {
  Result result;
  result.in_user_namespace = user_namespace::IsInside();
  user_namespace::Trial trial;
  if (namespace_data_) {
    // The trial mount comes before the private mounts, because the kernel creates no user namespace for a process with
    // a mount over its root directory, which counts as chrooted (kernel/user_namespace.c, create_user_ns,
    // current_chrooted).
    trial = user_namespace::Mount("overlay", namespace_data_->c_str());
    result.user_namespace_error = trial.error;
    if (trial.syscall != nullptr) result.user_namespace_syscall = trial.syscall;
  }
  ScratchSpace space;
  space.Enter();
  result.private_error = space.private_error();
  result.scratch_error = space.scratch_error();
  result.device = space.device();
  result.steps = RunSteps(&space, trial.fd.get());
  result.remove_error = space.Leave(&result.left);
  return result;
}

std::vector<ScratchCall::StepResult> ScratchCall::RunSteps(ScratchSpace* space, int user_namespace) const {
  std::vector<StepResult> results;
  ScratchSteps steps(space, user_namespace);
  for (size_t at = 0; at < program_.size();) {
    // After an unknown name, or a last step with too few arguments, no further step can be recognised.
    const size_t words = ScratchSteps::Words(program_[at]);
    const bool known = words > 0 && program_.size() - at >= words;
    results.push_back(known ? steps.Run(&program_[at]) : StepResult{EINVAL, {}});
    at = known ? at + words : program_.size();
  }
  return results;
}

napi_value ScratchCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  Napi::Array step_values = Napi::Array::New(env, steps.size());
  for (uint32_t at = 0; at < steps.size(); ++at) {
    const auto& [error, text] = steps[at];
    Napi::HandleScope scope(env);
    napi_value value = Napi::Number::New(env, error);
    if (text) napi_create_string_latin1(env, text->data(), text->size(), &value);
    step_values.Set(at, value);
  }
  Napi::Object value = Napi::Object::New(env);
  value.Set("steps", step_values);
  value.Set("privateError", private_error);
  value.Set("placeError", scratch_error);
  value.Set("removeError", remove_error);
  value.Set("left", left);
  value.Set("device", static_cast<double>(device));
  value.Set("inUserNamespace", in_user_namespace);
  value.Set("userNamespaceError", user_namespace_error);
  value.Set("userNamespaceSyscall", user_namespace_syscall);
  return value;
}
