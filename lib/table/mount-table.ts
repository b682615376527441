import { choiceOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { invalidArgType } from '../kernel/errors.js';
import { differences } from './diff.js';
import { MountIndex, parentsFirst } from './lookup.js';
import type { MountEntry, MountName, MountTableChange } from './mountinfo/entry.js';
import { bytesText, isWithin, tablePath } from './mountinfo/latin1.js';

/** What {@link MountTable.filter} looks for: mounts that have all of it. */
export interface MountFilter {
  /** `'ext4'`; `'fuse'` finds every subtype too, `'fuse.sshfs'` that one. */
  fsType?: string;
  /** The source, byte for byte. */
  source?: PathLike;
  /** `'shared'` and `'slave'` are both true of a mount that is both; `'private'` is none of the others. */
  propagation?: 'private' | 'shared' | 'slave' | 'unbindable';
}

const FILTERS: ReadonlySet<string> = new Set(['fsType', 'source', 'propagation']);

/** A mount with those that are mounted on it. */
export interface MountNode<Name extends MountName = MountName> {
  /** The mount. */
  readonly entry: MountEntry<Name>;
  /** No path leads to it: it, or something that it is on, is covered by another mount. */
  readonly hidden: boolean;
  /** In the table's order. */
  readonly children: readonly MountNode<Name>[];
}

/**
 * A mount table at one moment: what is mounted where, and what covers what. It does not change any more; read another.
 *
 * Paths are compared by whole components and are not looked up: give them without symbolic links, as
 * `fs.realpath` does, or ask {@link mountAt}, which goes where they lead.
 *
 * @example
 * ```ts
 * const table = await readMountTable();
 * table.at('/var/lib/docker/image')?.fsType; // 'ext4'
 * for (const { target } of table.under('/run').reverse()) console.log(target); // the deepest first
 * ```
 */
export class MountTable<Name extends MountName = MountName> {
  /** All mounts, in the table's order. */
  readonly entries: readonly MountEntry<Name>[];

  // Made when first asked for: many want nothing but the entries.
  #index: MountIndex<Name> | undefined;

  /** @param entries the mounts of one table, as {@link parseMountInfo} gives them */
  constructor(entries: readonly MountEntry<Name>[]) {
    // Unlike `some` it sees the holes of a list.
    const isNone = (entry: Partial<MountEntry> | null | undefined) => typeof entry?.id !== 'bigint';
    if (!Array.isArray(entries) || entries.findIndex(isNone) !== -1) {
      throw invalidArgType('entries', 'an instance of Array, of mounts', entries);
    }
    this.entries = entries;
  }

  /**
   * The mount that a path is on: the topmost at the path or, where nothing is mounted there, at the nearest directory
   * above it. A mount that another one covers, or that is below a covered directory, is never it: the way goes from the
   * root down, as the kernel's does. Something mounted over `/` itself covers nothing for processes that are there.
   *
   * @param path absolute, without `..`
   * @returns undefined where the table does not tell, as in a chroot whose root is no mount point
   */
  at(path: PathLike): MountEntry<Name> | undefined {
    return this.#indexed.at(tablePath('path', path));
  }

  /**
   * All mounts at a path and below it, the hidden ones too, parents before those that are mounted on them.
   *
   * @param path absolute, without `..`
   */
  under(path: PathLike): MountEntry<Name>[] {
    const directory = tablePath('path', path);
    const found = this.entries.filter(({ target }) => isWithin(bytesText(target), directory));
    return parentsFirst(found);
  }

  /**
   * The mount with an id, of either kind: that of the table, or the lasting one of a {@link Mount}.
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

  /** Whether no path leads to a mount, as it, or something that it is on, is covered by another. */
  isHidden(entry: MountEntry<Name>): boolean {
    const { target } = Object(entry) as Partial<MountEntry>;
    if (typeof target !== 'string' && !Buffer.isBuffer(target)) {
      throw invalidArgType('entry', 'an entry of this table', entry);
    }
    return this.#indexed.at(bytesText(entry.target)) !== entry;
  }

  /** The mounts as a tree by what they are mounted on: those whose parent the table does not have, mostly one. */
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
   * What has happened from this table to a later one: first what was detached, the last mounted first, then what
   * changed, then what was attached.
   *
   * Mounts are told apart by their lasting ids. Where one of the tables does not have them, a mount with the same id,
   * device and root is taken for the same.
   */
  diff(other: MountTable<Name>): MountTableChange<Name>[] {
    if (!(other instanceof MountTable)) throw invalidArgType('other', 'an instance of MountTable', other);
    return differences(this.entries, other.entries);
  }

  /**
   * The mounts that have all of what is looked for, in the table's order.
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
        (propagation === undefined || spreads(entry, propagation)),
    );
  }

  get #indexed(): MountIndex<Name> {
    this.#index ??= new MountIndex(this.entries);
    return this.#index;
  }
}

function spreads({ propagation }: MountEntry, how: NonNullable<MountFilter['propagation']>): boolean {
  const { shared, master, unbindable } = propagation;
  if (how === 'shared') return shared !== null;
  if (how === 'slave') return master !== null;
  return how === 'unbindable' ? unbindable : shared === null && master === null && !unbindable;
}
