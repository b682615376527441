// The loops as an addon: on the same thread of the same process as what is measured. A program of its own is another
// yardstick, as umount(2) waits longer in some processes than in others (bench/behind.md).
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

// run(name, count, words): nanoseconds for all of it; throws on the first failure.
static Napi::Value Run(const Napi::CallbackInfo& info) {
  const int count = info[1].As<Napi::Number>();
  return Answered(info.Env(), loops::Run(info[0].As<Napi::String>(), count, WordsOf(info[2])));
}

// runAtOnce(words): the same
static Napi::Value RunAtOnce(const Napi::CallbackInfo& info) {
  return Answered(info.Env(), loops::RunAtOnce(WordsOf(info[0])));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New<Run>(env));
  exports.Set("runAtOnce", Napi::Function::New<RunAtOnce>(env));
  return exports;
}

NODE_API_MODULE(baseline, Init)
