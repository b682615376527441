// The types of `linux-mount/layers`: what `changes` compares, and the changes that it returns.
import type { PathLike } from '../arguments/check.js';
import type { DeviceNumber } from '../table/mountinfo/entry.js';

/** A path in a {@link Change}: a string where the path is UTF-8, and otherwise a Buffer. */
export type LayerName = string | Buffer;

/** The type of an entry. `'device'` is a block or character device; `mode` tells the two apart. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'device' | 'fifo' | 'socket';

/** The layers that {@link changes} compares, and its options. */
export interface ChangesSpec {
  /** The lower layers, the topmost first, as in `lowerdir=`. */
  lower: readonly PathLike[];
  /** The upper layer, whose changes to the lower layers are returned. */
  upper: PathLike;
  /** The data-only layers below `lower` (`lowerdir=…::data`), which have only the contents of `metacopy` files. */
  dataOnly?: readonly PathLike[];
  /**
   * Whether overlayfs's attributes are `user.overlay.*` instead of `trusted.overlay.*`: the mount option `userxattr`.
   */
  userxattr?: boolean;
  /**
   * The form of paths in the result: `'utf8'` returns a string for a path that is UTF-8 and a Buffer for another path,
   * `'buffer'` returns a Buffer for every path. The default is `'utf8'`.
   */
  encoding?: 'utf8' | 'buffer';
  /** A signal that ends the iteration: a pending `next()` rejects with an `AbortError`. */
  signal?: AbortSignal;
}

interface ChangedEntry<Name extends LayerName> {
  /** The path of the entry in the merged tree, relative to the root of the tree: `'etc/hosts'`. */
  readonly path: Name;
  /** The type of the entry, or the former type of a deleted entry. */
  readonly kind: EntryKind;
}

/** An entry that exists in the merged tree, with the metadata that the merged tree shows. */
interface PresentEntry<Name extends LayerName> extends ChangedEntry<Name> {
  /**
   * The path of the entry in its layer. The layer is the upper layer, or a lower layer for an entry of a renamed
   * directory.
   */
  readonly source: Name;
  /**
   * The path of a regular file's content: `source`, or a file in a lower layer if only the metadata were copied up.
   * Null for any other entry.
   */
  readonly content: Name | null;
  /** The file type and permissions of the entry: `st_mode`. */
  readonly mode: number;
  /** The user ID of the owner. */
  readonly uid: number;
  /** The group ID of the owner. */
  readonly gid: number;
  /** The size in bytes; for a symbolic link, the length of its text. */
  readonly size: number;
  /** The time of the last modification, in nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** The device number of a device file. Null for any other entry. */
  readonly device: DeviceNumber | null;
  /** A string that all hard links to one inode share. Null for a directory and for a file with one link. */
  readonly hardLink: string | null;
}

/** An entry that the upper layer adds: the lower layers have no entry with this path. */
export interface AddedEntry<Name extends LayerName = LayerName> extends PresentEntry<Name> {
  /** The type of the change: the entry is added. */
  readonly type: 'added';
}

/** An entry that the upper layer modifies: the lower layers have a different entry with this path. */
export interface ModifiedEntry<Name extends LayerName = LayerName> extends PresentEntry<Name> {
  /** The type of the change: the entry is modified. */
  readonly type: 'modified';
  /**
   * The former type of the entry. If the former type differs from `kind`, the upper layer replaces the entry. A
   * replaced directory is one change, without its entries.
   */
  readonly before: EntryKind;
  /**
   * Whether the content of the entry may differ. False means that the content is known to be equal: only metadata were
   * copied up (`metacopy`), or the contents were compared.
   */
  readonly dataChanged: boolean;
  /**
   * Whether the mode, the owner, the device number, an extended attribute or, for an entry that is not a directory, the
   * modification time or the size differs.
   */
  readonly metadataChanged: boolean;
}

/** An entry that the upper layer deletes, with everything in it. */
export interface DeletedEntry<Name extends LayerName = LayerName> extends ChangedEntry<Name> {
  /** The type of the change: the entry is deleted. */
  readonly type: 'deleted';
}

/** A change that the upper layer makes to one entry of the lower layers. */
export type Change<Name extends LayerName = LayerName> = AddedEntry<Name> | ModifiedEntry<Name> | DeletedEntry<Name>;

/**
 * The iterator that {@link changes} returns. The iterator can be used once. `break`, `return()`, `await using` and the
 * signal end the iteration.
 */
export interface LayerChanges<Name extends LayerName = LayerName>
  extends AsyncIterableIterator<Change<Name>>,
    AsyncDisposable {
  /** Ends the iteration. Resolves when the walk has ended and all its descriptors are closed. */
  return(): Promise<IteratorResult<Change<Name>, undefined>>;
  /** Returns this iterator. */
  [Symbol.asyncIterator](): LayerChanges<Name>;
}
