// Compares two mount tables, for MountTable.diff() and watchMountTable().
import type { MountEntry, MountName, MountTableChange } from './mountinfo/entry.js';
import { bytesText } from './mountinfo/latin1.js';

/**
 * Returns the changes from one mount table to a later one: the detached mounts in reverse order, then the changed
 * mounts, then the attached mounts.
 */
export function differences<Name extends MountName>(
  before: readonly MountEntry<Name>[],
  after: readonly MountEntry<Name>[],
): MountTableChange<Name>[] {
  const later = new Map(after.map((entry) => [entry.id, entry]));
  const kept = new Set<MountEntry<Name>>();
  const [detached, changed, attached]: [MountTableChange<Name>[], MountTableChange<Name>[], MountTableChange<Name>[]] =
    [[], [], []];
  for (const previous of before) {
    const entry = later.get(previous.id);
    if (entry === undefined || !isSameMount(previous, entry)) {
      detached.push({ type: 'detached', entry: previous, previous });
      continue;
    }
    kept.add(entry);
    if (!isUnchanged(previous, entry)) changed.push({ type: 'changed', entry, previous });
  }
  for (const entry of after) if (!kept.has(entry)) attached.push({ type: 'attached', entry, previous: null });
  return [...detached.reverse(), ...changed, ...attached];
}

/**
 * Whether two entries with the same mount ID are the same mount. The kernel reuses mount IDs, the lowest free one
 * first, and the device numbers of filesystems without a device. Without unique mount IDs the entries are therefore
 * compared by what a mount never changes: source, device number, type and root.
 */
function isSameMount(one: MountEntry, other: MountEntry): boolean {
  if (one.uniqueId !== null && other.uniqueId !== null) return one.uniqueId === other.uniqueId;
  return (
    isSameName(one.source, other.source) &&
    one.device.major === other.device.major &&
    one.device.minor === other.device.minor &&
    one.fsType === other.fsType &&
    isSameName(one.root, other.root)
  );
}

function isUnchanged(one: MountEntry, other: MountEntry): boolean {
  return (
    one.parentId === other.parentId &&
    one.rootDeleted === other.rootDeleted &&
    one.targetDeleted === other.targetDeleted &&
    isSameName(one.root, other.root) &&
    isSameName(one.target, other.target) &&
    isSameName(one.source, other.source) &&
    isSameName(one.superOptionsText, other.superOptionsText) &&
    one.options.join() === other.options.join() &&
    one.propagation.shared === other.propagation.shared &&
    one.propagation.master === other.propagation.master &&
    one.propagation.propagateFrom === other.propagation.propagateFrom &&
    one.propagation.unbindable === other.propagation.unbindable
  );
}

function isSameName(one: MountName, other: MountName): boolean {
  return one === other || bytesText(one) === bytesText(other);
}
