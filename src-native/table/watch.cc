#include "table/watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "kernel/procfs.h"
#include "napi/tagged_object.h"
#include "threads/lock.h"

namespace {

constexpr napi_type_tag kWatchTag = {0x6c696e75782d6d6f, 0x756e742d77617463};

}  // namespace

Watch* Watch::Open() {
  auto* watch = new Watch;
  watch->bell_ = OwnedFd(eventfd(0, EFD_CLOEXEC));
  if (watch->bell_ && watch->table_.Open("/proc/thread-self") && watch->Look(&watch->lines_)) return watch;
  const int error = errno;
  watch->Release();
  errno = error;
  return nullptr;
}

bool Watch::Look(std::vector<Line>* lines) {
  MountLines read;
  if (!table_.Read(&read)) return false;
  if (has_ids_ && read.ids.empty()) {
    errno = ENOMEM;  // nothing else keeps listmount(2) from answering again; ids of two kinds cannot be compared
    return false;
  }
  has_ids_ = !read.ids.empty();
  size_t index = 0;
  for (size_t at = 0; at < read.text.size(); ++index) {
    const size_t end = std::min(read.text.find('\n', at), read.text.size() - 1) + 1;
    const uint64_t key = read.ids.empty() ? fields::Number(std::string_view(read.text).substr(at)) : read.ids[index];
    // One without an id came or went during the reading, so that the next poll finds something new: it is seen then, or
    // is gone.
    if (key != 0) lines->push_back({key, read.text.substr(at, end - at)});
    at = end;
  }
  const auto before = [](const Line& one, const Line& other) { return one.key < other.key; };
  if (!std::is_sorted(lines->begin(), lines->end(), before)) std::sort(lines->begin(), lines->end(), before);
  return true;
}

// Looks again, and puts down every line that is not as it was.
bool Watch::Compare(MountLines* before, MountLines* after) {
  std::vector<Line> now;
  if (!Look(&now)) return false;
  const auto put = [this](const Line& line, MountLines* lines) {
    lines->text += line.text;
    if (has_ids_) lines->ids.push_back(line.key);
  };
  auto old_line = lines_.begin();
  auto new_line = now.begin();
  while (old_line != lines_.end() || new_line != now.end()) {
    if (new_line == now.end() || (old_line != lines_.end() && old_line->key < new_line->key)) {
      put(*old_line++, before);
    } else if (old_line == lines_.end() || new_line->key < old_line->key) {
      put(*new_line++, after);
    } else {
      if (old_line->text != new_line->text) {
        put(*old_line, before);
        put(*new_line, after);
      }
      ++old_line;
      ++new_line;
    }
  }
  lines_.swap(now);
  return true;
}

Outcome Watch::WaitForChange(MountLines* before, MountLines* after) {
  for (;;) {
    pollfd ready[] = {{table_.fd(), POLLPRI, 0}, {bell_.get(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return Outcome::Failure(errno, "poll", "wait for the mount table");
    }
    if (ready[1].revents != 0) return {};
    if (ready[0].revents == 0) continue;
    if (!Compare(before, after)) return Outcome::Failure(errno, "read", "read the mount table");
    // Something came and went, or a change did not change the line.
    if (!before->text.empty() || !after->text.empty()) return {};
  }
}

Outcome Watch::Wait(MountLines* before, MountLines* after) {
  {
    const Lock lock(&lock_);
    if (is_closed_) return {};
    if (is_waiting_) return Outcome::Failure(EBUSY, "poll", "wait for the mount table");
    is_waiting_ = true;
  }
  const Outcome outcome = WaitForChange(before, after);
  const Lock lock(&lock_);
  is_waiting_ = false;
  if (is_closed_) CloseDescriptors();
  return outcome;
}

void Watch::Close() {
  const Lock lock(&lock_);
  if (is_closed_) return;
  is_closed_ = true;
  if (is_waiting_) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t result = write(bell_.get(), &one, sizeof one);
  } else {
    CloseDescriptors();
  }
}

void Watch::CloseDescriptors() {
  table_.Close();
  bell_ = OwnedFd();
  std::vector<Line>().swap(lines_);
}

void WatchOpenCall::Read(Arguments& arguments) { arguments.Namespace("namespace", &mount_namespace.file); }

WatchOpenCall::Result WatchOpenCall::Run() {
  Result result;
  result.watch = Watch::Open();
  if (result.watch == nullptr) result.outcome = Outcome::Failure(errno, "open", "open the mount table");
  return result;
}

napi_value WatchOpenCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  return tagged_object::New<Watch>(env, kWatchTag, watch, [](Watch* collected) {
    collected->Close();
    collected->Release();
  });
}

napi_value WatchClose(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  void* watch = nullptr;
  arguments.Wrapped("watch", kWatchTag, &watch);
  if (arguments.ok()) static_cast<Watch*>(watch)->Close();
  return nullptr;
}

void WatchWaitCall::Read(Arguments& arguments) {
  void* watch = nullptr;
  arguments.Wrapped("watch", kWatchTag, &watch);
  if (!arguments.ok()) return;
  watch_.reset(static_cast<Watch*>(watch));
  watch_->Hold();
}

WatchWaitCall::Result WatchWaitCall::Run() {
  Result result;
  result.outcome = watch_->Wait(&result.before, &result.after);
  return result;
}

napi_value WatchWaitCall::Result::ToValue(Napi::Env env) const {
  if (outcome.Failed()) return outcome.ToValue(env);
  Napi::Object value = Napi::Object::New(env);
  value.Set("before", LinesToValue(env, before));
  value.Set("after", LinesToValue(env, after));
  return value;
}
