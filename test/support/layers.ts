// Reads and removes trees of files in overlay layers.
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { isRealRoot } from './environment.js';
import { attributesOf, removeAttribute, setAttribute } from './native-files.js';
import type { Place } from './place.js';

type Path = string | Buffer;
const bytes = (path: Path) => (typeof path === 'string' ? Buffer.from(path) : path);

/**
 * The prefix of overlayfs attributes: overlayfs in a user namespace can use only attributes of the namespace user.*.
 */
export const prefix: string = isRealRoot ? 'trusted.overlay.' : 'user.overlay.';

/** Why the tmpfs of a test cannot hold overlayfs attributes: tmpfs has user.* attributes since Linux 6.6. */
export function lacksOverlayAttributes({ root }: Place): string | undefined {
  try {
    setAttribute(root, `${prefix}probe`, 'y');
    removeAttribute(root, `${prefix}probe`);
    return undefined;
  } catch {
    return `no ${prefix}* attributes on tmpfs here`;
  }
}

export function joined(directory: Path, name: Path): Buffer {
  return Buffer.concat([bytes(directory), Buffer.from('/'), bytes(name)]);
}

/** Returns the names in a directory, sorted by their bytes. */
export function namesIn(directory: Path): Buffer[] {
  return readdirSync(bytes(directory), { encoding: 'buffer' }).sort(Buffer.compare);
}

/** Removes a directory and everything in it. No test mounts anything in it. */
export function removeTree(directory: Path): void {
  for (const name of namesIn(directory)) {
    const path = joined(directory, name);
    if (lstatSync(path).isDirectory()) removeTree(path);
    else unlinkSync(path);
  }
  rmdirSync(directory);
}

/** Everything that is visible of an entry of a tree, except its name. */
export interface Shown {
  readonly kind: string;
  readonly mode: number;
  readonly owner: string;
  readonly device: bigint;
  readonly content: string;
  /** The modification time, or 0 for a directory, because the time of a directory changes with its entries. */
  readonly modified: bigint;
  readonly attributes: string;
}

const KINDS: ReadonlyMap<number, string> = new Map([
  [0o140000, 'socket'],
  [0o120000, 'symlink'],
  [0o100000, 'file'],
  [0o060000, 'device'],
  [0o040000, 'directory'],
  [0o020000, 'device'],
  [0o010000, 'fifo'],
]);

/**
 * Returns an entry from the path of its metadata and the path of its content. The paths are equal in a mounted overlay.
 */
export function shown(path: Path, contentPath: Path = path): Shown {
  const { mode, uid, gid, rdev, mtimeNs } = lstatSync(path, { bigint: true });
  const kind = KINDS.get(Number(mode) & 0o170000) ?? 'unknown';
  const content =
    kind === 'file'
      ? readFileSync(contentPath).toString('latin1')
      : kind === 'symlink'
        ? readlinkSync(path, 'buffer').toString('latin1')
        : '';
  const attributes = Object.entries(attributesOf(path)).filter(([name]) => !/^(trusted|user)\.overlay\./.test(name));
  return {
    kind,
    mode: Number(mode),
    owner: `${uid}:${gid}`,
    device: rdev,
    content,
    modified: kind === 'directory' ? 0n : mtimeNs,
    attributes: JSON.stringify(attributes),
  };
}

/** The entries of a tree by path in latin1: a directory before its entries, and names sorted by their bytes. */
export type Snapshot = Map<string, Shown>;

export function snapshot(root: Path, into: Snapshot = new Map(), prefix = ''): Snapshot {
  for (const name of namesIn(root)) {
    const path = joined(root, name);
    const entry = shown(path);
    const key = prefix + name.toString('latin1');
    into.set(key, entry);
    if (entry.kind === 'directory') snapshot(path, into, `${key}/`);
  }
  return into;
}
