#pragma once

#include <cstdint>
#include <string>
#include <vector>

// The yardstick: the system calls that a thing takes, in a loop and with nothing around them.
namespace loops {

struct Answer {
  int64_t nanoseconds = 0;  // for all of it
  std::string error;        // what failed; empty when nothing did
};

// What is done by name, how often, and on what; see loops.cc for what each takes.
Answer Run(const std::string& name, int count, const std::vector<std::string>& words);

// Binds and takes down at many targets at once, each on a thread of its own that was started before: source, targets.
Answer RunAtOnce(const std::vector<std::string>& words);

}  // namespace loops
