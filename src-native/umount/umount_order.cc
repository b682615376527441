#include "umount/umount_order.h"

#include <algorithm>

namespace {

// The table by ids, and the children of each mount in the order in which they have to go.
class Family {
 public:
  explicit Family(const std::vector<MountLine>& table) {
    for (const MountLine& line : table) by_id_.push_back(&line);
    std::sort(by_id_.begin(), by_id_.end(), [](auto* a, auto* b) { return a->id < b->id; });
    children_ = by_id_;
    // Lines of a table are in the order of mounting, which the addresses keep.
    std::sort(children_.begin(), children_.end(), [](auto* a, auto* b) {
      if (a->parent_id != b->parent_id) return a->parent_id < b->parent_id;
      if (a->mount_point.size() != b->mount_point.size()) return a->mount_point.size() < b->mount_point.size();
      return a > b;
    });
  }

  const MountLine* Find(uint64_t id) const {
    const auto at = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                     [](auto* line, uint64_t wanted) { return line->id < wanted; });
    return at == by_id_.end() || (*at)->id != id ? nullptr : *at;
  }

  template <typename Action>
  void ForEachChild(uint64_t id, Action action) const {
    auto at = std::lower_bound(children_.begin(), children_.end(), id,
                               [](auto* line, uint64_t wanted) { return line->parent_id < wanted; });
    for (; at != children_.end() && (*at)->parent_id == id; ++at) {
      if ((*at)->id != id) action(*at);  // the first mount of a namespace may be its own parent
    }
  }

  // The one that hides all of a mount.
  const MountLine* Cover(const MountLine& of) const {
    const MountLine* cover = nullptr;
    ForEachChild(of.id, [&](const MountLine* child) {
      if (cover == nullptr && child->mount_point == of.mount_point) cover = child;
    });
    return cover;
  }

 private:
  std::vector<const MountLine*> by_id_;
  std::vector<const MountLine*> children_;
};

// From "parents first" to "parents last".
std::vector<OrderedMount> TurnedAround(std::vector<OrderedMount> mounts) {
  std::reverse(mounts.begin(), mounts.end());
  for (OrderedMount& mount : mounts) mount.parent = mounts.size() - 1 - mount.parent;
  return mounts;
}

}  // namespace

const MountLine* BottomOfStack(const std::vector<MountLine>& table, uint64_t id) {
  const Family family(table);
  const MountLine* bottom = family.Find(id);
  for (size_t steps = 0; bottom != nullptr && steps < table.size(); ++steps) {
    const MountLine* parent = family.Find(bottom->parent_id);
    if (parent == nullptr || parent == bottom || parent->mount_point != bottom->mount_point) break;
    bottom = parent;
  }
  return bottom;
}

std::vector<OrderedMount> TreeInOrder(const std::vector<MountLine>& table, uint64_t bottom) {
  const Family family(table);
  std::vector<OrderedMount> seen;
  const MountLine* first = family.Find(bottom);
  if (first == nullptr) return seen;
  std::vector<bool> is_known(table.size());
  // What is put here first is seen last, and turned around it is the first.
  std::vector<OrderedMount> waiting;
  const auto put = [&](const MountLine* line, size_t parent) {
    const size_t index = static_cast<size_t>(line - table.data());
    if (!is_known[index]) waiting.push_back({line, parent});
    is_known[index] = true;
  };
  put(first, 0);
  while (!waiting.empty()) {
    seen.push_back(waiting.back());
    waiting.pop_back();
    const size_t parent = seen.size() - 1;
    family.ForEachChild(seen[parent].line->id, [&](const MountLine* child) { put(child, parent); });
  }
  return TurnedAround(std::move(seen));
}

std::vector<OrderedMount> StackInOrder(const std::vector<MountLine>& table, uint64_t bottom) {
  const Family family(table);
  std::vector<OrderedMount> seen;
  std::vector<bool> is_known(table.size());
  for (const MountLine* line = family.Find(bottom); line != nullptr; line = family.Cover(*line)) {
    const size_t index = static_cast<size_t>(line - table.data());
    if (is_known[index]) break;
    is_known[index] = true;
    seen.push_back({line, seen.empty() ? 0 : seen.size() - 1});
  }
  return TurnedAround(std::move(seen));
}
