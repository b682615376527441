import type { MountEntry, MountName } from './mountinfo/entry.js';
import { bytesText, prefixes } from './mountinfo/latin1.js';

/** Finds mounts of one table by id, and by path as the kernel does. */
export class MountIndex<Name extends MountName> {
  readonly #ids: Map<bigint, MountEntry<Name>>;
  /** For each mount point, what is mounted there by what that is on: by null what is at the root of it all. */
  readonly #targets = new Map<string, Map<bigint | null, MountEntry<Name>>>();

  constructor(entries: readonly MountEntry<Name>[]) {
    this.#ids = new Map(entries.map((entry) => [entry.id, entry]));
    for (const entry of entries) {
      const { id, parentId, target, targetDeleted } = entry;
      if (targetDeleted) continue;
      const key = bytesText(target);
      const parent = id === parentId || !this.#ids.has(parentId) ? null : parentId;
      const here = this.#targets.get(key);
      // Of two on one parent, as propagation made them before Linux 4.11, the later covers.
      if (here === undefined) this.#targets.set(key, new Map([[parent, entry]]));
      else here.set(parent, entry);
    }
    for (const entry of entries) if (entry.uniqueId !== null) this.#ids.set(entry.uniqueId, entry);
  }

  byId(id: bigint): MountEntry<Name> | undefined {
    return this.#ids.get(id);
  }

  /** The mount that a path is on, from the root down. */
  at(path: string): MountEntry<Name> | undefined {
    let mount: MountEntry<Name> | undefined;
    for (const prefix of prefixes(path)) {
      const here = this.#targets.get(prefix);
      if (here === undefined) continue;
      // Mounts at one place are on each other. Of those at `/` a path starts on the lowest that can be seen.
      for (let level = prefix === '/' ? 1 : here.size; level > 0; level -= 1) {
        // What is mounted on something that the table does not have may be anywhere.
        const on = here.get(mount?.id ?? null) ?? here.get(null);
        if (on === undefined || on === mount) break;
        mount = on;
      }
    }
    return mount;
  }
}

/** Parents before children: a mount that was moved may stand before the one that it is on now. */
export function parentsFirst<Name extends MountName>(found: readonly MountEntry<Name>[]): MountEntry<Name>[] {
  const ids = new Map(found.map((entry) => [entry.id, entry]));
  const ordered = new Set<MountEntry<Name>>();
  for (const entry of found) {
    const way = new Set<MountEntry<Name>>();
    for (let at: MountEntry<Name> | undefined = entry; at !== undefined; at = ids.get(at.parentId)) {
      if (ordered.has(at) || way.has(at)) break;
      way.add(at);
    }
    for (const each of [...way].reverse()) ordered.add(each);
  }
  return [...ordered];
}
