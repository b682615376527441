// Loops of system calls without anything around them: the reference of the benchmark.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace loops {

struct Answer {
  int64_t nanoseconds = 0;  // of the whole loop
  std::string error;        // what failed, or empty
};

// Runs the loop of this name `count` times. loops.cc documents the arguments of each loop.
Answer Run(const std::string& name, int count, const std::vector<std::string>& words);

// Binds and unmounts at many targets at once, each on its own running thread. Arguments: source, targets.
Answer RunAtOnce(const std::vector<std::string>& words);

}  // namespace loops
