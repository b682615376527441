// Polls mountinfo with poll(2), reads it after each change and compares its lines.
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
  watch->close_event_ = OwnedFd(eventfd(0, EFD_CLOEXEC));
  if (watch->close_event_ && watch->table_.Open(OpenTable::kOwn) && watch->ReadLines(&watch->lines_)) return watch;
  const int error = errno;
  watch->DropReference();
  errno = error;
  return nullptr;
}

bool Watch::ReadLines(std::vector<Line>* lines) {
  MountLines read;
  if (!table_.Read(&read)) return false;
  if (has_ids_ && read.ids.empty()) {
    // listmount(2) has succeeded before, so only a lack of memory makes it fail now. Without unique mount IDs the lines
    // cannot be compared with the lines of the last read.
    errno = ENOMEM;
    return false;
  }
  has_ids_ = !read.ids.empty();
  std::string_view rest = read.text;
  for (size_t index = 0; !rest.empty(); ++index) {
    const std::string_view line = fields::Take(&rest, '\n');
    const uint64_t key = has_ids_ ? read.ids[index] : fields::Number(line);
    // A line with an unknown ID belongs to a mount that was attached or detached during the read. The next poll reports
    // this change, so the line is skipped now.
    if (key != 0) lines->push_back({key, std::string(line)});
  }
  const auto before = [](const Line& one, const Line& other) { return one.key < other.key; };
  if (!std::is_sorted(lines->begin(), lines->end(), before)) std::sort(lines->begin(), lines->end(), before);
  return true;
}

// Reads the table and collects each line that differs from the last read.
bool Watch::Compare(MountLines* before, MountLines* after) {
  std::vector<Line> now;
  if (!ReadLines(&now)) return false;
  const auto put = [this](const Line& line, MountLines* lines) {
    lines->text.append(line.text).append("\n");
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
    pollfd ready[] = {{table_.fd(), POLLPRI, 0}, {close_event_.get(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return Outcome::Failure(errno, "poll", "wait for the mount table");
    }
    if (ready[1].revents != 0) return {};
    if (ready[0].revents == 0) continue;
    if (!Compare(before, after)) return Outcome::Failure(errno, "read", "read the mount table");
    // The loop waits again if no line differs: a mount was attached and detached again, or the change is not in
    // mountinfo.
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
    [[maybe_unused]] const ssize_t result = write(close_event_.get(), &one, sizeof one);
  } else {
    CloseDescriptors();
  }
}

void Watch::CloseDescriptors() {
  table_.Close();
  close_event_ = OwnedFd();
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
    collected->DropReference();
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
  watch_->AddReference();
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
