// Turn: makes the asynchronous calls of this process at one place follow one another.
#pragma once

#include <string>
#include <vector>

namespace threads {

// A call that mounts at a target waits until every earlier call of this process at that target is over, including what
// a cancelled call undoes. Otherwise the second of two calls could mount on the mount of the first, which is then
// unmounted: the kernel fails the second call with ENOENT, or the first call finds its mount covered and cannot unmount
// it. A call that waits has no thread.
class Turn {
 public:
  virtual ~Turn() = default;

  // Starts the call as soon as no earlier call is at the place. Two calls are at the same place if their names of the
  // place are equal. A call whose name is empty never waits.
  void Begin(std::string place);

 protected:
  // Ends the turn of a call that is over. Returns the next call at the place, which the caller must start, or null.
  Turn* Leave();
  // Starts a call, or does nothing if `turn` is null.
  static void Start(Turn* turn);

 private:
  // Starts the call on a thread, and returns 0 or the errno of pthread_create(3).
  virtual int StartThread() = 0;
  // Tells the caller that the call could not be started. The turn may be deleted afterwards.
  virtual void Fail(int error) = 0;

  std::vector<Turn*>::iterator Position() const;
  bool IsFirst();

  std::string place_;
  Turn* next_ = nullptr;  // the call that waits for this call
  Turn* last_ = this;     // the last call that waits; only the first call at a place keeps this member up to date
};

}  // namespace threads
