// The loops as a separate program with one thread. Like bench/go, the program reads lines from standard input with the
// tab-separated words name, count, and arguments, and answers each with a line: ok and nanoseconds, or an error.
#include <stdio.h>
#include <stdlib.h>

#include "loops.h"

int main() {
  char* line = nullptr;
  size_t room = 0;
  for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
    std::string text(line, length - 1);
    std::vector<std::string> words;
    for (size_t at = 0; at <= text.size();) {
      const size_t tab = std::min(text.find('\t', at), text.size());
      words.push_back(text.substr(at, tab - at));
      at = tab + 1;
    }
    if (words.size() < 2) return 1;
    const loops::Answer answer = loops::Run(words[0], atoi(words[1].c_str()), {words.begin() + 2, words.end()});
    if (answer.error.empty()) {
      printf("ok\t%lld\n", static_cast<long long>(answer.nanoseconds));
    } else {
      printf("error\t%s\n", answer.error.c_str());
    }
    fflush(stdout);
  }
  free(line);
  return 0;
}
