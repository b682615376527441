#include "overlay/known_mounts.h"

#include <errno.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "kernel/mount_ids.h"
#include "threads/lock.h"

namespace known_mounts {
namespace {

struct Overlay {
  uint64_t id;
  std::vector<Inode> directories;
};

// Changed by nobody once it is remembered, and kept by whoever reads it: counted, as by a std::shared_ptr, which would
// need libstdc++ at run time.
struct Known {
  std::vector<uint64_t> ids;  // ascending
  std::vector<Overlay> overlays;
  std::atomic<unsigned> holders{1};
};

struct LetGo {
  void operator()(Known* known) const {
    if (known->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete known;
  }
};
using Held = std::unique_ptr<Known, LetGo>;

// The mutex is for the pointer only: to look at a directory may take as long as a dead server likes. What it points to
// is never destroyed, as a thread may be here when the process ends.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Known* latest = new Known;

Held Latest() {
  const Lock lock(&mutex);
  latest->holders.fetch_add(1, std::memory_order_relaxed);
  return Held(latest);
}

void Remember(Held known) {
  Held before;
  const Lock lock(&mutex);
  before.reset(std::exchange(latest, known.release()));
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
  const Held before = Latest();
  Held now(new Known);
  std::vector<uint64_t> ids;
  if (kernel::ListMounts(&ids) < 0 || !std::is_sorted(ids.begin(), ids.end())) return Answer::kCannotTell;
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
      const FoundDirectories found = FindUpperAndWork(options, &overlay.directories);
      if (found == FoundDirectories::kCannotTell) return Answer::kCannotTell;
      complete = found == FoundDirectories::kAll;
      if (complete && !overlay.directories.empty()) add(overlay);
    }
    // Of one whose directories are not to be found now the question is asked again the next time.
    if (complete) now->ids.push_back(id);
  }
  Remember(std::move(now));
  return perhaps ? Answer::kPerhaps : Answer::kNo;
}

}  // namespace known_mounts
