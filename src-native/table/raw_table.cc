// Reads mountinfo, and finds the unique mount ID of each line with listmount(2) and statmount(2).
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

// The memory of the last table is reused for the next table. The allocation and the page faults of a new buffer of one
// megabyte take as long as the read(2) of a table of this size. All threads share the one spare buffer.
constexpr size_t kSmallestSpare = 64 * 1024;
constexpr size_t kLargestSpare = 4 * 1024 * 1024;
std::atomic<std::string*> spare{nullptr};

void TakeSpare(std::string* text) {
  const std::unique_ptr<std::string> kept(spare.exchange(nullptr, std::memory_order_acq_rel));
  if (kept && kept->capacity() > text->capacity()) text->swap(*kept);
}

// Returns the offset of each line.
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

// Finds the mountinfo ID of a mount by its unique mount ID. Returns 0 if the mount does not exist any more.
uint64_t MountinfoIdOf(uint64_t id, uint64_t mount_namespace) {
  kernel::MountStatus status;
  if (kernel::StatMount(id, kernel::kStatMountMount, &status, sizeof status, mount_namespace) < 0) return 0;
  return status.mountinfo_id;
}

}  // namespace

MountLines::~MountLines() {
  if (text.capacity() < kSmallestSpare || text.capacity() > kLargestSpare) return;
  delete spare.exchange(new std::string(std::move(text)), std::memory_order_acq_rel);
}

bool OpenTable::Open(const std::string& process) {
  const bool is_own = process == kOwn;
  const auto file = [&](const char* name) { return is_own ? procfs::Self(name) : process + "/" + name; };
  fd_ = OwnedFd(open(file("mountinfo").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_) return false;
  has_ids_ = true;
  // listmount(2) needs the ID of another mount namespace, because a thread outside that namespace may read the table
  // later.
  if (!is_own || procfs::IsElsewhere()) {
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
    // Each read(2) of mountinfo returns up to one page, or one line if the line is longer.
    constexpr size_t kReadSize = 64 * 1024;
    if (text->size() - length < kReadSize) text->resize(std::max(length * 2, length + kReadSize));
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

// Reports whether the IDs and the lines are in the same order. Since Linux 6.8 the kernel keeps the mounts of a
// namespace in the order of their unique mount IDs (fs/namespace.c, mnt_add_to_ns), and both listmount(2) and mountinfo
// use this order. The function verifies the first, the middle and the last line.
bool OpenTable::IsInOrder(const MountLines& lines, const std::vector<size_t>& starts) const {
  constexpr size_t kIntervals = 2;
  for (size_t interval = 0; interval <= kIntervals; ++interval) {
    const size_t at = (starts.size() - 1) * interval / kIntervals;
    if (MountinfoIdOf(lines.ids[at], namespace_) != MountinfoIdAt(lines.text, starts[at])) return false;
  }
  return true;
}

// Asks statmount(2) for the mountinfo ID of each mount, and so finds the line of each unique mount ID.
void OpenTable::Match(const std::vector<uint64_t>& ids, const std::vector<size_t>& starts, MountLines* lines) const {
  std::vector<std::pair<uint64_t, uint64_t>> known;
  for (const uint64_t id : ids) known.emplace_back(MountinfoIdOf(id, namespace_), id);
  std::sort(known.begin(), known.end());
  // A sandbox may allow listmount(2) and refuse statmount(2). All unique mount IDs are then unknown.
  lines->ids.clear();
  if (known.empty() || known.back().first == 0) return;
  lines->ids.assign(starts.size(), 0);
  for (size_t line = 0; line < starts.size(); ++line) {
    const std::pair<uint64_t, uint64_t> wanted{MountinfoIdAt(lines->text, starts[line]), 0};
    const auto found = std::lower_bound(known.begin(), known.end(), wanted);
    if (found != known.end() && found->first == wanted.first) lines->ids[line] = found->second;
  }
}

// A line contains only the mountinfo ID, which the kernel may have given to another mount before statmount(2) is
// called. A mount that listmount(2) reports before and after the read existed all the time and kept its mountinfo ID.
// If both lists are equal and as long as the table, each ID belongs to the line at the same position.
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
    // The table changed during the read, so the loop reads it again. Equal lists mean that the table has fewer lines
    // for another reason: in a chroot, mountinfo omits the mounts that are not reachable.
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
    // Node-API creates no array in a worker that is being terminated.
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
  arguments.Bytes("procDirectory", &proc_directory_).Namespace("namespace", &mount_namespace.file);
}

TableCall::Result TableCall::Run() {
  Result result;
  OpenTable table;
  if (!table.Open(proc_directory_)) return Result(Outcome::Failure(errno, "open", "open the mount table"));
  if (!table.Read(&result.lines)) return Result(Outcome::Failure(errno, "read", "read the mount table"));
  return result;
}
