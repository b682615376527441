// The calls that run or wait, by the names of their places.
#include "threads/turn.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "threads/lock.h"

namespace threads {

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// The first call at each place, ordered by the name of the place. The list is never destroyed, because a thread may
// still use it when the process exits.
std::vector<Turn*>* const first_calls = new std::vector<Turn*>;

}  // namespace

// Finds the first call at the place of this call, or the position where it belongs. The caller holds the mutex.
std::vector<Turn*>::iterator Turn::Position() const {
  return std::lower_bound(first_calls->begin(), first_calls->end(), this,
                          [](const Turn* one, const Turn* other) { return one->place_ < other->place_; });
}

// Enters the call at the end of the line at its place, and returns whether no other call is there.
bool Turn::IsFirst() {
  if (place_.empty()) return true;
  const Lock lock(&mutex);
  const auto at = Position();
  if (at == first_calls->end() || (*at)->place_ != place_) {
    first_calls->insert(at, this);
    return true;
  }
  Turn* const first = *at;
  first->last_->next_ = this;
  first->last_ = this;
  return false;
}

Turn* Turn::Leave() {
  if (place_.empty()) return nullptr;
  const Lock lock(&mutex);
  const auto at = Position();
  if (next_ == nullptr) {
    first_calls->erase(at);
  } else {
    next_->last_ = last_;
    *at = next_;
  }
  return next_;
}

// If the system refuses a thread, the call fails, and the next call at its place is started.
void Turn::Start(Turn* turn) {
  while (turn != nullptr) {
    const int error = turn->StartThread();
    if (error == 0) return;
    Turn* const failed = std::exchange(turn, turn->Leave());
    failed->Fail(error);
  }
}

void Turn::Begin(std::string place) {
  place_ = std::move(place);
  if (IsFirst()) Start(this);
}

}  // namespace threads
