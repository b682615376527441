// The C++ loops as an addon, so that they run on the same thread of the same process as the library. The loops in a
// separate program are another reference, because umount(2) waits longer in some processes than in others
// (bench/behind.md).
#include <napi.h>

#include "loops.h"

static Napi::Value Answered(Napi::Env env, const loops::Answer& answer) {
  if (answer.error.empty()) return Napi::Number::New(env, static_cast<double>(answer.nanoseconds));
  Napi::Error::New(env, answer.error).ThrowAsJavaScriptException();
  return {};
}

static std::vector<std::string> WordsOf(const Napi::Value& value) {
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> words;
  for (uint32_t at = 0; at < array.Length(); ++at) words.push_back(Napi::Value(array[at]).As<Napi::String>());
  return words;
}

// run(name, count, words): returns the nanoseconds of the whole loop; throws on the first failure.
static Napi::Value Run(const Napi::CallbackInfo& info) {
  const int count = info[1].As<Napi::Number>();
  return Answered(info.Env(), loops::Run(info[0].As<Napi::String>(), count, WordsOf(info[2])));
}

// runAtOnce(words): returns the nanoseconds of all mounts and unmounts; throws on the first failure.
static Napi::Value RunAtOnce(const Napi::CallbackInfo& info) {
  return Answered(info.Env(), loops::RunAtOnce(WordsOf(info[0])));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New<Run>(env));
  exports.Set("runAtOnce", Napi::Function::New<RunAtOnce>(env));
  return exports;
}

NODE_API_MODULE(baseline, Init)
