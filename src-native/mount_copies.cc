#include "mount_copies.h"

#include <stdlib.h>

#include "mount_lines.h"

namespace {

std::string_view Take(std::string_view* rest, char separator) {
  const size_t end = rest->find(separator);
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
  return part;
}

uint64_t NumberOf(std::string_view digits) { return strtoull(std::string(digits).c_str(), nullptr, 10); }

bool ReadLine(std::string_view line, MountTraits* mount) {
  mount->id = NumberOf(Take(&line, ' '));
  mount->parent_id = NumberOf(Take(&line, ' '));
  mount->device = Take(&line, ' ');
  mount->root = Take(&line, ' ');
  mount->mount_point = UnescapeField(Take(&line, ' '));
  Take(&line, ' ');  // attributes
  for (std::string_view field = Take(&line, ' '); field != "-"; field = Take(&line, ' ')) {
    if (field.empty()) return false;
    if (field.starts_with("shared:")) mount->shared = NumberOf(field.substr(7));
    if (field.starts_with("master:")) mount->master = NumberOf(field.substr(7));
  }
  mount->type = Take(&line, ' ');
  return mount->id != 0;
}

}  // namespace

std::vector<MountTraits> ReadTraits(std::string_view table) {
  std::vector<MountTraits> mounts;
  while (!table.empty()) {
    MountTraits mount;
    if (ReadLine(Take(&table, '\n'), &mount)) mounts.push_back(std::move(mount));
  }
  return mounts;
}

const MountTraits* FindMount(const std::vector<MountTraits>& table, uint64_t id) {
  for (const MountTraits& mount : table) {
    if (mount.id == id) return &mount;
  }
  return nullptr;
}

std::vector<MountCopy> FindCopies(const std::vector<MountTraits>& table, const MountTraits& mount,
                                  uint64_t parent_group) {
  std::vector<MountCopy> copies;
  for (const MountTraits& other : table) {
    if (other.id == mount.id || other.device != mount.device || other.root != mount.root) continue;
    const MountTraits* parent = FindMount(table, other.parent_id);
    const bool receives =
        parent != nullptr && parent_group != 0 && (parent->shared == parent_group || parent->master == parent_group);
    copies.push_back({&other, receives});
  }
  return copies;
}
