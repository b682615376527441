#include "table/raw_table.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "kernel/mount_ids.h"
#include "kernel/procfs.h"

namespace {

constexpr const char* kOurs = "/proc/thread-self";

// The memory of the last table read is kept for the next, up to a limit: to get a megabyte from the system and touch it
// for the first time takes as long as to read the table into it. Threads hand it to each other.
constexpr size_t kLeastKept = 64 * 1024;
constexpr size_t kMostKept = 4 * 1024 * 1024;
std::atomic<std::string*> spare{nullptr};

void TakeSpare(std::string* text) {
  const std::unique_ptr<std::string> kept(spare.exchange(nullptr, std::memory_order_acq_rel));
  if (kept && kept->capacity() > text->capacity()) text->swap(*kept);
}

// Where each line begins.
std::vector<size_t> LineStarts(const std::string& text) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size();) {
    starts.push_back(at);
    const size_t newline = text.find('\n', at);
    at = newline == std::string::npos ? text.size() : newline + 1;
  }
  return starts;
}

uint64_t MountinfoIdAt(std::string_view text, size_t start) { return fields::Number(text.substr(start)); }

// The id in the table of a mount; 0 when it is gone.
uint64_t MountinfoIdOf(uint64_t id, uint64_t mount_namespace) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status, mount_namespace) < 0) return 0;
  return status.mountinfo_id;
}

}  // namespace

MountLines::~MountLines() {
  if (text.capacity() < kLeastKept || text.capacity() > kMostKept) return;
  delete spare.exchange(new std::string(std::move(text)), std::memory_order_acq_rel);
}

bool OpenTable::Open(const std::string& process) {
  const bool is_ours = process == kOurs;
  const auto file = [&](const char* name) { return is_ours ? procfs::Self(name) : process + "/" + name; };
  fd_ = OwnedFd(open(file("mountinfo").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_) return false;
  has_ids_ = true;
  // Of another namespace it is told which, as a thread of ours may read later that is not in there.
  if (!is_ours || procfs::IsElsewhere()) {
    const OwnedFd other(open(file("ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
    has_ids_ = other && kernel::MountNamespaceId(other.get(), &namespace_) == 0;
  }
  return true;
}

bool OpenTable::ReadText(std::string* text) const {
  TakeSpare(text);
  text->resize(text->capacity());
  if (lseek(fd_.get(), 0, SEEK_SET) < 0) return false;
  for (size_t length = 0;;) {
    // The kernel gives a page or a line, whichever is more, at a time.
    constexpr size_t kRoom = 64 * 1024;
    if (text->size() - length < kRoom) text->resize(std::max(length * 2, length + kRoom));
    const ssize_t part = read(fd_.get(), text->data() + length, text->size() - length);
    if (part > 0) {
      length += static_cast<size_t>(part);
    } else if (part == 0) {
      text->resize(length);
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
}

// Since there are such ids the kernel keeps the mounts of a namespace in the order of these (fs/namespace.c,
// mnt_add_to_ns), and shows them in this order in both places. The first, the middle and the last are looked at all the
// same.
bool OpenTable::IsInOrder(const MountLines& lines, const std::vector<size_t>& starts) const {
  constexpr size_t kLooks = 2;
  for (size_t look = 0; look <= kLooks; ++look) {
    const size_t at = (starts.size() - 1) * look / kLooks;
    if (MountinfoIdOf(lines.ids[at], namespace_) != MountinfoIdAt(lines.text, starts[at])) return false;
  }
  return true;
}

// Asks of each mount which line is its own.
void OpenTable::Match(const std::vector<uint64_t>& ids, const std::vector<size_t>& starts, MountLines* lines) const {
  std::vector<std::pair<uint64_t, uint64_t>> known;
  for (const uint64_t id : ids) known.emplace_back(MountinfoIdOf(id, namespace_), id);
  std::sort(known.begin(), known.end());
  // A sandbox may have the one call and not the other: then none is known.
  lines->ids.clear();
  if (known.empty() || known.back().first == 0) return;
  lines->ids.assign(starts.size(), 0);
  for (size_t line = 0; line < starts.size(); ++line) {
    const std::pair<uint64_t, uint64_t> wanted{MountinfoIdAt(lines->text, starts[line]), 0};
    const auto found = std::lower_bound(known.begin(), known.end(), wanted);
    if (found != known.end() && found->first == wanted.first) lines->ids[line] = found->second;
  }
}

// A line tells the id in the table only, which may be another mount's by the time that is asked. A mount that is listed
// before and after the reading was there all the while, and the id in the table was its own: what is listed both times,
// and has as many lines, is matched for certain.
bool OpenTable::Read(MountLines* lines) const {
  lines->ids.clear();
  std::vector<uint64_t> before, after;
  if (!has_ids_ || kernel::ListMounts(&before, namespace_) < 0) return ReadText(&lines->text);
  constexpr int kTries = 2;
  for (int attempt = 1;; ++attempt) {
    if (!ReadText(&lines->text)) return false;
    if (kernel::ListMounts(&after, namespace_) < 0) return true;
    const std::vector<size_t> starts = LineStarts(lines->text);
    if (before == after && after.size() == starts.size()) {
      lines->ids = after;
      if (starts.empty() || IsInOrder(*lines, starts)) return true;
    }
    // Once more, unless it is for another reason: in a chroot not all that is listed is shown.
    if (attempt < kTries && before != after) {
      before.swap(after);
      continue;
    }
    std::vector<uint64_t> both;
    std::set_intersection(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(both));
    Match(both, starts, lines);
    return true;
  }
}

napi_value LinesToValue(Napi::Env env, const MountLines& lines) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("table", Napi::Buffer<char>::Copy(env, lines.text.data(), lines.text.size()));
  value.Set("ids", env.Null());
  if (!lines.ids.empty()) {
    Napi::BigUint64Array ids = Napi::BigUint64Array::New(env, lines.ids.size(), napi_biguint64_array);
    // In a worker that is being terminated there is none.
    if (ids.Data() == nullptr) return nullptr;
    std::memcpy(ids.Data(), lines.ids.data(), lines.ids.size() * sizeof(uint64_t));
    value.Set("ids", ids);
  }
  return value;
}

napi_value MountLinesResult::ToValue(Napi::Env env) const {
  return outcome.Failed() ? outcome.ToValue(env) : LinesToValue(env, lines);
}

void TableCall::Read(Arguments& arguments) {
  arguments.Bytes("process", &process_).Namespace("namespace", &mount_namespace.file);
}

TableCall::Result TableCall::Run() {
  Result result;
  OpenTable table;
  if (!table.Open(process_)) return Result(Outcome::Failure(errno, "open", "open the mount table"));
  if (!table.Read(&result.lines)) return Result(Outcome::Failure(errno, "read", "read the mount table"));
  return result;
}
