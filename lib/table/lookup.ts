// Finds the mount with an ID and the mount that a path is on, and sorts mounts by their parents.
import type { MountEntry, MountName } from './mountinfo/entry.js';
import { bytesText, prefixes } from './mountinfo/latin1.js';

/** Finds a mount of one table by its ID, or by a path, which the class resolves as the kernel does. */
export class MountIndex<Name extends MountName> {
  readonly #ids: Map<bigint, MountEntry<Name>>;
  /**
   * The mounts at each mount point, by the mount ID of their parent. The key of a mount whose parent is not in the
   * table is null.
   */
  readonly #targets = new Map<string, Map<bigint | null, MountEntry<Name>>>();

  constructor(entries: readonly MountEntry<Name>[]) {
    this.#ids = new Map(entries.map((entry) => [entry.id, entry]));
    for (const entry of entries) {
      const { id, parentId, target, targetDeleted } = entry;
      if (targetDeleted) continue;
      const key = bytesText(target);
      const parent = id === parentId || !this.#ids.has(parentId) ? null : parentId;
      const here = this.#targets.get(key);
      // Before Linux 4.11 propagation could attach two mounts to one parent at one mount point. The later mount covers
      // the earlier one.
      if (here === undefined) this.#targets.set(key, new Map([[parent, entry]]));
      else here.set(parent, entry);
    }
    for (const entry of entries) if (entry.uniqueId !== null) this.#ids.set(entry.uniqueId, entry);
  }

  byId(id: bigint): MountEntry<Name> | undefined {
    return this.#ids.get(id);
  }

  /** Returns the mount that a path is on, found from the root directory down. */
  at(path: string): MountEntry<Name> | undefined {
    let mount: MountEntry<Name> | undefined;
    for (const prefix of prefixes(path)) {
      const here = this.#targets.get(prefix);
      if (here === undefined) continue;
      // Mounts at one mount point are stacked. At `/` the lookup starts on the lowest mount of the table, not on the
      // topmost.
      for (let level = prefix === '/' ? 1 : here.size; level > 0; level -= 1) {
        // A mount whose parent is not in the table may be the child of any mount.
        const on = here.get(mount?.id ?? null) ?? here.get(null);
        if (on === undefined || on === mount) break;
        mount = on;
      }
    }
    return mount;
  }
}

/** Sorts mounts so that each follows its parent. The table may list a mount that was moved before its new parent. */
export function parentsFirst<Name extends MountName>(found: readonly MountEntry<Name>[]): MountEntry<Name>[] {
  const ids = new Map(found.map((entry) => [entry.id, entry]));
  const ordered = new Set<MountEntry<Name>>();
  for (const entry of found) {
    const chain = new Set<MountEntry<Name>>();
    for (let at: MountEntry<Name> | undefined = entry; at !== undefined; at = ids.get(at.parentId)) {
      if (ordered.has(at) || chain.has(at)) break;
      chain.add(at);
    }
    for (const each of [...chain].reverse()) ordered.add(each);
  }
  return [...ordered];
}
