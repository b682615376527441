#include "known_mounts.h"

#include <errno.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

#include "kernel.h"

namespace known_mounts {
namespace {

struct Overlay {
  uint64_t id;
  std::vector<Inode> directories;
};

struct Known {
  std::vector<uint64_t> ids;  // ascending
  std::vector<Overlay> overlays;
};

// The mutex is for the pointer only: to look at a directory may take as long as a dead server likes. The pointer is
// never destroyed, as a thread may be here when the process ends.
std::mutex mutex;
std::shared_ptr<const Known>& latest = *new std::shared_ptr<const Known>(new Known);

std::shared_ptr<const Known> Latest() {
  const std::lock_guard lock(mutex);
  return latest;
}

void Remember(std::shared_ptr<const Known> known) {
  const std::lock_guard lock(mutex);
  latest.swap(known);
}

bool ListAll(std::vector<uint64_t>* ids) {
  for (size_t room = 512;; room = 4096) {
    const size_t had = ids->size();
    ids->resize(had + room);
    const ssize_t count = kernel::ListMounts(had == 0 ? 0 : (*ids)[had - 1], ids->data() + had, room);
    ids->resize(had + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0) return false;
    if (static_cast<size_t>(count) < room) return true;
  }
}

enum class Seen { kOverlay, kOther, kGone, kUnknown };

// Asks in a buffer that grows until the answer fits: an overlay of 500 layers has a megabyte of options.
Seen Look(uint64_t id, std::vector<uint64_t>* buffer, std::string* options) {
  constexpr uint64_t kOverlayMagic = 0x794c7630;  // OVERLAYFS_SUPER_MAGIC
  auto* status = reinterpret_cast<kernel::MountStatus*>(buffer->data());
  const auto size = [&] { return buffer->size() * sizeof(uint64_t); };
  // Most are no overlays, and this much is known of them in half the time.
  if (kernel::StatMount(id, kernel::kStatMountFilesystem, status, size()) < 0) {
    return errno == ENOENT ? Seen::kGone : Seen::kUnknown;
  }
  if (status->magic != kOverlayMagic) return Seen::kOther;
  while (kernel::StatMount(id, kernel::kStatMountOptions, status, size()) < 0) {
    if (errno != EOVERFLOW) return errno == ENOENT ? Seen::kGone : Seen::kUnknown;
    buffer->resize(buffer->size() * 4);
    status = reinterpret_cast<kernel::MountStatus*>(buffer->data());
  }
  if ((status->mask & kernel::kStatMountOptions) == 0) return Seen::kUnknown;
  *options = ',';
  *options += status->text + status->options;
  return Seen::kOverlay;
}

}  // namespace

Answer HaveOverlayOn(const Inode& upper, const Inode& work) {
  const std::shared_ptr<const Known> before = Latest();
  const auto now = std::make_shared<Known>();
  std::vector<uint64_t> ids;
  if (!ListAll(&ids) || !std::is_sorted(ids.begin(), ids.end())) return Answer::kCannotTell;
  now->ids.reserve(ids.size());

  bool perhaps = false;
  const auto add = [&](const Overlay& overlay) {
    for (const Inode& each : overlay.directories) perhaps = perhaps || each == upper || each == work;
    now->overlays.push_back(overlay);
  };

  auto old = before->ids.begin();
  auto old_overlay = before->overlays.begin();
  std::vector<uint64_t> buffer(512);
  std::string options;
  for (const uint64_t id : ids) {
    while (old != before->ids.end() && *old < id) ++old;
    while (old_overlay != before->overlays.end() && old_overlay->id < id) ++old_overlay;
    if (old != before->ids.end() && *old == id) {
      now->ids.push_back(id);
      if (old_overlay != before->overlays.end() && old_overlay->id == id) add(*old_overlay);
      continue;
    }
    const Seen seen = Look(id, &buffer, &options);
    if (seen == Seen::kUnknown) return Answer::kCannotTell;
    if (seen == Seen::kGone) continue;
    bool complete = true;
    if (seen == Seen::kOverlay) {
      Overlay overlay{id, {}};
      complete = FindUpperAndWork(options, &overlay.directories);
      if (complete && !overlay.directories.empty()) add(overlay);
    }
    // Of one whose directories are not to be found now the question is asked again the next time.
    if (complete) now->ids.push_back(id);
  }
  Remember(now);
  return perhaps ? Answer::kPerhaps : Answer::kNo;
}

}  // namespace known_mounts
