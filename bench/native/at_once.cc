// Many mounts at once in C++, the reference for parallel asynchronous calls.
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include <atomic>
#include <memory>

#include "loops.h"

// Each target has its own thread. The threads start once and wait at a barrier, as in a program that mounts many times.
namespace loops {
namespace {

struct Crew {
  std::string source;
  std::vector<std::string> targets;
  std::atomic<int> error{0};
  pthread_barrier_t begin, mounted, end;
};

struct Member {
  Crew* crew;
  size_t at;
};

void* Work(void* argument) {
  const std::unique_ptr<Member> member(static_cast<Member*>(argument));
  Crew& crew = *member->crew;
  const char* target = crew.targets[member->at].c_str();
  for (;;) {
    pthread_barrier_wait(&crew.begin);
    if (mount(crew.source.c_str(), target, nullptr, MS_BIND, nullptr) < 0) crew.error = errno;
    pthread_barrier_wait(&crew.mounted);
    if (umount2(target, 0) < 0) crew.error = errno;
    pthread_barrier_wait(&crew.end);
  }
  return nullptr;
}

// The threads wait for more work until the process ends.
Crew* Assemble(const std::vector<std::string>& words) {
  auto* crew = new Crew;
  crew->source = words[0];
  crew->targets.assign(words.begin() + 1, words.end());
  const auto count = static_cast<unsigned>(crew->targets.size());
  for (auto* barrier : {&crew->begin, &crew->mounted, &crew->end}) pthread_barrier_init(barrier, nullptr, count + 1);
  for (size_t at = 0; at < crew->targets.size(); ++at) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, Work, new Member{crew, at}) != 0) return nullptr;
    pthread_detach(thread);
  }
  return crew;
}

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Answer RunAtOnce(const std::vector<std::string>& words) {
  static Crew* crew = Assemble(words);
  if (crew == nullptr || crew->source != words[0] || crew->targets.size() + 1 != words.size()) {
    return {0, "at once: other words than the first time"};
  }
  const int64_t start = Now();
  for (auto* barrier : {&crew->begin, &crew->mounted, &crew->end}) pthread_barrier_wait(barrier);
  if (crew->error != 0) return {0, std::string("at once: ") + strerror(crew->error)};
  return {Now() - start, ""};
}

}  // namespace loops
