// Orders mounts for unmounting, from the lines of a mount table.
#include "umount/umount_order.h"

#include <algorithm>

namespace {

// Finds the lines of a mount table by mount ID, and the children of each mount in the order in which they are
// unmounted.
class MountIndex {
 public:
  explicit MountIndex(const std::vector<MountLine>& table) {
    for (const MountLine& line : table) by_id_.push_back(&line);
    std::sort(by_id_.begin(), by_id_.end(), [](auto* a, auto* b) { return a->id < b->id; });
    children_ = by_id_;
    // The table lists mounts in the order of mounting, so a later mount has a higher address.
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

  // Returns the child that covers the whole mount, or null.
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

// Reverses a list in which parents come first, and adjusts the parents' indices.
std::vector<OrderedMount> Reversed(std::vector<OrderedMount> mounts) {
  std::reverse(mounts.begin(), mounts.end());
  for (OrderedMount& mount : mounts) mount.parent = mounts.size() - 1 - mount.parent;
  return mounts;
}

}  // namespace

const MountLine* BottomOfStack(const std::vector<MountLine>& table, uint64_t id) {
  const MountIndex index(table);
  const MountLine* bottom = index.Find(id);
  for (size_t steps = 0; bottom != nullptr && steps < table.size(); ++steps) {
    const MountLine* parent = index.Find(bottom->parent_id);
    if (parent == nullptr || parent == bottom || parent->mount_point != bottom->mount_point) break;
    bottom = parent;
  }
  return bottom;
}

std::vector<OrderedMount> TreeInOrder(const std::vector<MountLine>& table, uint64_t bottom) {
  const MountIndex index(table);
  std::vector<OrderedMount> ordered;
  const MountLine* first = index.Find(bottom);
  if (first == nullptr) return ordered;
  std::vector<bool> is_known(table.size());
  // The last element of `waiting` is visited next. Reversed() turns the order of the visits around, so the mount that
  // is pushed first comes first in the result.
  std::vector<OrderedMount> waiting;
  const auto push = [&](const MountLine* line, size_t parent) {
    const size_t at = static_cast<size_t>(line - table.data());
    if (!is_known[at]) waiting.push_back({line, parent});
    is_known[at] = true;
  };
  push(first, 0);
  while (!waiting.empty()) {
    ordered.push_back(waiting.back());
    waiting.pop_back();
    const size_t parent = ordered.size() - 1;
    index.ForEachChild(ordered[parent].line->id, [&](const MountLine* child) { push(child, parent); });
  }
  return Reversed(std::move(ordered));
}

std::vector<OrderedMount> StackInOrder(const std::vector<MountLine>& table, uint64_t bottom) {
  const MountIndex index(table);
  std::vector<OrderedMount> ordered;
  std::vector<bool> is_known(table.size());
  for (const MountLine* line = index.Find(bottom); line != nullptr; line = index.Cover(*line)) {
    const size_t at = static_cast<size_t>(line - table.data());
    if (is_known[at]) break;
    is_known[at] = true;
    ordered.push_back({line, ordered.empty() ? 0 : ordered.size() - 1});
  }
  return Reversed(std::move(ordered));
}
