// Parses mount tables of other mount namespaces and compares their mounts.
#include "table/mount_copies.h"

#include "kernel/procfs.h"
#include "table/mount_lines.h"

namespace {

bool ReadLine(std::string_view line, MountTraits* mount) {
  mount->id = fields::Number(fields::Take(&line, ' '));
  mount->parent_id = fields::Number(fields::Take(&line, ' '));
  mount->device = fields::Take(&line, ' ');
  mount->root = fields::Take(&line, ' ');
  mount->mount_point = UnescapeField(fields::Take(&line, ' '));
  fields::Take(&line, ' ');  // The mount attributes.
  for (std::string_view field = fields::Take(&line, ' '); field != "-"; field = fields::Take(&line, ' ')) {
    if (field.empty()) return false;
    if (field.starts_with("shared:")) mount->shared = fields::Number(field.substr(7));
    if (field.starts_with("master:")) mount->master = fields::Number(field.substr(7));
  }
  mount->type = fields::Take(&line, ' ');
  return mount->id != 0;
}

}  // namespace

std::vector<MountTraits> ReadTraits(std::string_view table) {
  std::vector<MountTraits> mounts;
  while (!table.empty()) {
    MountTraits mount;
    if (ReadLine(fields::Take(&table, '\n'), &mount)) mounts.push_back(std::move(mount));
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
