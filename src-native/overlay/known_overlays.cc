// Remembers which directories the mounted overlays use, and asks statmount(2) only about new mounts.
#include <errno.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "kernel/mount_ids.h"
#include "overlay/upper_in_use.h"
#include "threads/lock.h"

namespace known_overlays {
namespace {

struct Overlay {
  uint64_t id;
  std::vector<Inode> directories;
};

// What this process knows of the mounts in its mount namespace. A snapshot never changes after Publish, and its
// reference count keeps it alive for its readers. std::shared_ptr would need libstdc++ at run time.
struct Snapshot {
  std::vector<uint64_t> ids;  // ascending
  std::vector<Overlay> overlays;
  std::atomic<unsigned> references{1};
};

struct DropReference {
  void operator()(Snapshot* snapshot) const {
    if (snapshot->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete snapshot;
  }
};
using Reference = std::unique_ptr<Snapshot, DropReference>;

// The mutex protects only the pointer, not the examination of directories, which may block on a dead server. The latest
// snapshot is never destroyed, because a pool thread may still use it when the process exits.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Snapshot* latest = new Snapshot;

Reference Latest() {
  const Lock lock(&mutex);
  latest->references.fetch_add(1, std::memory_order_relaxed);
  return Reference(latest);
}

void Publish(Reference snapshot) {
  Reference before;
  const Lock lock(&mutex);
  before.reset(std::exchange(latest, snapshot.release()));
}

enum class MountKind { kOverlay, kOther, kGone, kUnknown };

// Examines a new mount. The buffer grows until the options fit: an overlay of 500 layers has a megabyte of options.
MountKind Examine(uint64_t id, std::vector<uint64_t>* buffer, std::string* options) {
  constexpr uint64_t kOverlayMagic = 0x794c7630;  // OVERLAYFS_SUPER_MAGIC
  auto* status = reinterpret_cast<kernel::MountStatus*>(buffer->data());
  const auto size = [&] { return buffer->size() * sizeof(uint64_t); };
  // Most mounts are no overlays, and without their options statmount(2) takes half the time.
  if (kernel::StatMount(id, kernel::kStatMountFilesystem, status, size()) < 0) {
    return errno == ENOENT ? MountKind::kGone : MountKind::kUnknown;
  }
  if (status->magic != kOverlayMagic) return MountKind::kOther;
  while (kernel::StatMount(id, kernel::kStatMountOptions, status, size()) < 0) {
    if (errno != EOVERFLOW) return errno == ENOENT ? MountKind::kGone : MountKind::kUnknown;
    buffer->resize(buffer->size() * 4);
    status = reinterpret_cast<kernel::MountStatus*>(buffer->data());
  }
  if ((status->mask & kernel::kStatMountOptions) == 0) return MountKind::kUnknown;
  *options = ',';
  *options += status->text + status->options;
  return MountKind::kOverlay;
}

}  // namespace

Answer AnyUses(const Inode& upper, const Inode& work) {
  const Reference before = Latest();
  Reference now(new Snapshot);
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
    const MountKind kind = Examine(id, &buffer, &options);
    if (kind == MountKind::kUnknown) return Answer::kCannotTell;
    if (kind == MountKind::kGone) continue;
    bool complete = true;
    if (kind == MountKind::kOverlay) {
      Overlay overlay{id, {}};
      const FoundDirectories found = FindUpperAndWork(options, &overlay.directories);
      if (found == FoundDirectories::kCannotTell) return Answer::kCannotTell;
      complete = found == FoundDirectories::kAll;
      if (complete && !overlay.directories.empty()) add(overlay);
    }
    // An overlay whose directories cannot be found by name now is examined again at the next call.
    if (complete) now->ids.push_back(id);
  }
  Publish(std::move(now));
  return perhaps ? Answer::kPerhaps : Answer::kNo;
}

}  // namespace known_overlays
