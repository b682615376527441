// The class MountTable: finds, filters and compares the mounts of one table.
import { choiceOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { invalidArgType } from '../kernel/errors.js';
import { differences } from './diff.js';
import { MountIndex, parentsFirst } from './lookup.js';
import type { MountEntry, MountName, MountTableChange } from './mountinfo/entry.js';
import { bytesText, isWithin, tablePath } from './mountinfo/latin1.js';

/** The conditions of {@link MountTable.filter}. A mount must meet all conditions that are given. */
export interface MountFilter {
  /**
   * The type of the filesystem. `'fuse'` also matches every subtype of FUSE; `'fuse.sshfs'` matches this subtype only.
   */
  fsType?: string;
  /** The source of the mount, compared byte for byte. */
  source?: PathLike;
  /**
   * The propagation of the mount. A mount that is both shared and a slave matches `'shared'` and `'slave'`. `'private'`
   * matches a mount that is neither shared nor a slave nor unbindable.
   */
  propagation?: 'private' | 'shared' | 'slave' | 'unbindable';
}

const FILTERS: ReadonlySet<string> = new Set(['fsType', 'source', 'propagation']);

/** A node of the tree that {@link MountTable.tree} returns: a mount and its children. */
export interface MountNode<Name extends MountName = MountName> {
  /** The mount of this node. */
  readonly entry: MountEntry<Name>;
  /** Whether no path leads to the mount, because another mount covers the mount or one of its ancestors. */
  readonly hidden: boolean;
  /** The mounts whose parent is this mount, in the table's order. */
  readonly children: readonly MountNode<Name>[];
}

/**
 * A snapshot of a mount table: the mounts, their mount points, and which mounts cover others. The snapshot does not
 * change; call {@link readMountTable} again for the current state.
 *
 * Methods compare paths by whole components and make no system call. Pass paths without symbolic links, as
 * `fs.realpath` returns them, or call {@link mountAt}, which follows symbolic links.
 *
 * @example
 * ```ts
 * const table = await readMountTable();
 * table.at('/var/lib/docker/image')?.fsType; // 'ext4'
 * for (const { target } of table.under('/run').reverse()) console.log(target); // the deepest first
 * ```
 */
export class MountTable<Name extends MountName = MountName> {
  /** All mounts of the table, in the table's order. */
  readonly entries: readonly MountEntry<Name>[];

  // The index is built on first use, because many callers use only `entries`.
  #index: MountIndex<Name> | undefined;

  /**
   * Makes a mount table from its entries.
   *
   * @param entries the mounts of one table, as {@link parseMountInfo} returns them
   * @throws `TypeError` with code `ERR_INVALID_ARG_TYPE` if `entries` is not an array of mounts
   */
  constructor(entries: readonly MountEntry<Name>[]) {
    // findIndex() visits the holes of a sparse array, which some() skips.
    const isNone = (entry: Partial<MountEntry> | null | undefined) => typeof entry?.id !== 'bigint';
    if (!Array.isArray(entries) || entries.findIndex(isNone) !== -1) {
      throw invalidArgType('entries', 'an instance of Array that contains mounts', entries);
    }
    this.entries = entries;
  }

  /**
   * Returns the mount that a path is on: the topmost mount at the path or, if the path is not a mount point, at the
   * nearest ancestor that is a mount point. The search goes from the root directory down, as the kernel's does, so the
   * result is never a covered mount or a mount below a covered directory. A mount over `/` itself covers nothing for
   * processes whose root is below it.
   *
   * @param path an absolute path without `..`
   * @returns the entry, or undefined if no mount of the table contains the path, as in a chroot whose root is no mount
   *   point
   */
  at(path: PathLike): MountEntry<Name> | undefined {
    return this.#indexed.at(tablePath('path', path));
  }

  /**
   * Returns all mounts at a path and below it, including hidden mounts. A parent precedes its children.
   *
   * @param path an absolute path without `..`
   */
  under(path: PathLike): MountEntry<Name>[] {
    const directory = tablePath('path', path);
    const found = this.entries.filter(({ target }) => isWithin(bytesText(target), directory));
    return parentsFirst(found);
  }

  /**
   * Returns the mount with a mount ID or a unique mount ID: {@link MountEntry.id}, or {@link Mount.id} since Linux 6.8.
   *
   * @example
   * ```ts
   * using merged = mountOverlaySync({ lower: ['/top', '/base'], target: '/merged' });
   * readMountTableSync().byId(merged.id)?.superOptions;
   * ```
   */
  byId(id: bigint): MountEntry<Name> | undefined {
    if (typeof id !== 'bigint') throw invalidArgType('id', 'of type bigint', id);
    return this.#indexed.byId(id);
  }

  /** Tests whether no path leads to a mount, because another mount covers the mount or one of its ancestors. */
  isHidden(entry: MountEntry<Name>): boolean {
    const { target } = Object(entry) as Partial<MountEntry>;
    if (typeof target !== 'string' && !Buffer.isBuffer(target)) {
      throw invalidArgType('entry', 'an entry of this table', entry);
    }
    return this.#indexed.at(bytesText(entry.target)) !== entry;
  }

  /**
   * Arranges the mounts as a tree of parents and children, and returns the roots: the mounts whose parent is not in the
   * table. Most tables have one root.
   */
  tree(): MountNode<Name>[] {
    const children = new Map<bigint, MountNode<Name>[]>();
    const roots: MountNode<Name>[] = [];
    const nodes = this.entries.map((entry) => {
      const below: MountNode<Name>[] = [];
      children.set(entry.id, below);
      return { entry, hidden: this.isHidden(entry), children: below };
    });
    for (const node of nodes) {
      const { id, parentId } = node.entry;
      ((id === parentId ? undefined : children.get(parentId)) ?? roots).push(node);
    }
    return roots;
  }

  /**
   * Returns the changes from this table to a later one: first the detached mounts, the last mounted first, then the
   * changed mounts, then the attached mounts.
   *
   * Mounts are identified by their unique mount IDs. If one of the tables has no unique mount IDs, two entries are the
   * same mount if their mount ID, source, device, type and root are equal.
   *
   * @param other the later table
   */
  diff(other: MountTable<Name>): MountTableChange<Name>[] {
    if (!(other instanceof MountTable)) throw invalidArgType('other', 'an instance of MountTable', other);
    return differences(this.entries, other.entries);
  }

  /**
   * Returns the mounts that meet all conditions, in the table's order.
   *
   * @example
   * ```ts
   * table.filter({ fsType: 'nfs4', propagation: 'shared' });
   * ```
   */
  filter(filter: MountFilter): MountEntry<Name>[] {
    const options = optionsArgument('filter', filter, FILTERS);
    const { fsType } = options;
    if (fsType !== undefined && typeof fsType !== 'string') {
      throw invalidArgType('filter.fsType', 'of type string', fsType);
    }
    const source =
      options['source'] === undefined ? undefined : bytesText(pathArgument('filter.source', options['source']));
    const propagation = choiceOption('filter.propagation', options['propagation'], [
      'private',
      'shared',
      'slave',
      'unbindable',
    ]);
    return this.entries.filter(
      (entry) =>
        (fsType === undefined || entry.fsType === fsType || entry.fsType.startsWith(`${fsType}.`)) &&
        (source === undefined || bytesText(entry.source) === source) &&
        (propagation === undefined || hasPropagation(entry, propagation)),
    );
  }

  get #indexed(): MountIndex<Name> {
    this.#index ??= new MountIndex(this.entries);
    return this.#index;
  }
}

function hasPropagation({ propagation }: MountEntry, how: NonNullable<MountFilter['propagation']>): boolean {
  const { shared, master, unbindable } = propagation;
  if (how === 'shared') return shared !== null;
  if (how === 'slave') return master !== null;
  return how === 'unbindable' ? unbindable : shared === null && master === null && !unbindable;
}
