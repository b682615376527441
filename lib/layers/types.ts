import type { PathLike } from '../arguments/check.js';
import type { DeviceNumber } from '../table/mountinfo/entry.js';

/** A name of a layer: text where it is UTF-8, otherwise bytes. */
export type LayerName = string | Buffer;

/** What an entry is; `'device'` is a block or character device, which `mode` tells apart. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'device' | 'fifo' | 'socket';

/** What {@link changes} compares. */
export interface ChangesSpec {
  /** The lower layers, the first is topmost, as in `lowerdir=`. */
  lower: readonly PathLike[];
  /** The upper layer. */
  upper: PathLike;
  /** Layers below `lower` that hold only the contents of files (`lowerdir=…::data`); where no overlay is `metacopy`, none. */
  dataOnly?: readonly PathLike[];
  /** The layers are marked by `user.overlay.*` attributes instead of `trusted.overlay.*`: the mount option of that name. */
  userxattr?: boolean;
  /** `'utf8'` gives names that are UTF-8 as strings and others as Buffers, `'buffer'` gives all as Buffers. */
  encoding?: 'utf8' | 'buffer';
  /** Ends it: whoever waits is rejected with an `AbortError`. */
  signal?: AbortSignal;
}

interface ChangedEntry<Name extends LayerName> {
  /** Where it is in the merged tree, relative to its root: `'etc/hosts'`. */
  readonly path: Name;
  /** What it is, or was if it is deleted. */
  readonly kind: EntryKind;
}

/** An entry that is there with the upper layer, as the merged tree shows it. */
interface PresentEntry<Name extends LayerName> extends ChangedEntry<Name> {
  /** Its path in the layer that it comes from: the upper one, but for what is in a directory that was renamed. */
  readonly source: Name;
  /** Of a file, the path of its content: that of `source`, or in a lower layer, where only metadata was copied up. */
  readonly content: Name | null;
  /** Type and permissions: `st_mode`. */
  readonly mode: number;
  /** The user who owns it. */
  readonly uid: number;
  /** The group that owns it. */
  readonly gid: number;
  /** In bytes; of a symbolic link the length of its text. */
  readonly size: number;
  /** The time of the last modification, in nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Of a device, its number. */
  readonly device: DeviceNumber | null;
  /** Of what is no directory and has several names: the same text for all of them. */
  readonly hardLink: string | null;
}

/** An entry where none was. */
export interface AddedEntry<Name extends LayerName = LayerName> extends PresentEntry<Name> {
  /** Nothing of that name was there. */
  readonly type: 'added';
}

/** An entry that was there before, and is different. */
export interface ModifiedEntry<Name extends LayerName = LayerName> extends PresentEntry<Name> {
  /** It was there. */
  readonly type: 'modified';
  /** What it was. If that is another kind, all of it is replaced; what was in a directory is gone. */
  readonly before: EntryKind;
  /** False: the content is known to be the same, as only metadata was copied up (`metacopy`), or because it was compared. */
  readonly dataChanged: boolean;
  /** Mode, owner, device number, extended attributes are different; of what is no directory also the time or the size. */
  readonly metadataChanged: boolean;
}

/** An entry that is there no more, with everything in it. */
export interface DeletedEntry<Name extends LayerName = LayerName> extends ChangedEntry<Name> {
  /** Nothing of that name is there. */
  readonly type: 'deleted';
}

/** What an upper layer did to one entry of the lower ones. */
export type Change<Name extends LayerName = LayerName> = AddedEntry<Name> | ModifiedEntry<Name> | DeletedEntry<Name>;

/** What {@link changes} gives: to be iterated once, and ended by `break`, `return()`, `using` or the signal. */
export interface LayerChanges<Name extends LayerName = LayerName>
  extends AsyncIterableIterator<Change<Name>>,
    AsyncDisposable {
  /** Ends it. When it is fulfilled no thread and no descriptor is left. */
  return(): Promise<IteratorResult<Change<Name>, undefined>>;
  /** Itself. */
  [Symbol.asyncIterator](): LayerChanges<Name>;
}
