// Finds mounts in the mount table for the rules that explain a failure.
import { printable } from '../kernel/errors.js';
import type { PathFacts } from '../kernel/native.js';
import type { MountEntry } from '../table/mountinfo/entry.js';
import { isWithin } from '../table/mountinfo/latin1.js';
import { parseLines } from '../table/mountinfo/parse.js';

export { isWithin };

/**
 * One line of the mount table. Names are Latin-1 text, one character for each byte, because names need not be UTF-8.
 */
export interface MountLine {
  readonly id: bigint;
  readonly parentId: bigint;
  /** The device number of the filesystem, as `major:minor`. */
  readonly device: string;
  /** The directory of the filesystem that is the root of the mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly isUnbindable: boolean;
  readonly isShared: boolean;
  readonly fsType: string;
  readonly source: string;
  /** The options of the filesystem itself, still with the octal escapes of the table. */
  readonly superOptions: string;
}

/** Parses a mount table; null for a malformed table, because a parser error must not replace the error to explain. */
export function mountLines(table: Buffer): MountLine[] | null {
  try {
    return parseLines(table, (latin1) => latin1).map(mountLine);
  } catch {
    return null;
  }
}

function mountLine(entry: MountEntry<string>): MountLine {
  const { id, parentId, device, root, target, options, propagation, fsType, source, superOptionsText } = entry;
  return {
    id,
    parentId,
    device: `${device.major}:${device.minor}`,
    root,
    mountPoint: target,
    options,
    isUnbindable: propagation.unbindable,
    isShared: propagation.shared !== null,
    fsType,
    source,
    superOptions: superOptionsText,
  };
}

/** Quotes a path of the mount table (Latin-1 text) or of an examination (bytes). */
export function quotedPath(path: string | Buffer): string {
  return printable(typeof path === 'string' ? Buffer.from(path, 'latin1') : path);
}

/** Names a mount in a sentence by its mount point and filesystem type. */
export function mountInWords({ mountPoint, fsType }: MountLine): string {
  return `the mount at ${quotedPath(mountPoint)} (${fsType})`;
}

/** Finds the mount that an examined path is on. */
export function mountOf(mounts: readonly MountLine[], { mountId }: PathFacts): MountLine | undefined {
  return mounts.find(({ id }) => id === mountId);
}

/** A path from the root of a filesystem, which is the same through every mount of that filesystem. */
export interface FilesystemPath {
  readonly device: string;
  readonly path: string;
}

/**
 * Converts an examined path to a path from the root of its filesystem; undefined when the mount table lacks the mount.
 */
export function filesystemPathOf(mounts: readonly MountLine[], facts: PathFacts): FilesystemPath | undefined {
  const mount = facts.error === 0 ? mountOf(mounts, facts) : undefined;
  const path = facts.path.toString('latin1');
  if (mount === undefined || !isWithin(path, mount.mountPoint)) return undefined;
  return { device: mount.device, path: joined(mount.root, path.slice(mount.mountPoint.length)) };
}

/** Whether `inner` is inside the directory `outer` of the same filesystem, or is that directory. */
export function isWithinFilesystemPath(inner: FilesystemPath, outer: FilesystemPath): boolean {
  return inner.device === outer.device && isWithin(inner.path, outer.path);
}

/** Finds the mount that holds an absolute path without symbolic links: the last mount with the longest mount point. */
export function mountHolding(mounts: readonly MountLine[], path: string): MountLine | undefined {
  let found: MountLine | undefined;
  for (const mount of mounts) {
    if (!isWithin(path, mount.mountPoint)) continue;
    if (found === undefined || mount.mountPoint.length >= found.mountPoint.length) found = mount;
  }
  return found;
}

function joined(root: string, rest: string): string {
  const path = `${root === '/' ? '' : root}/${rest.replace(/^\//, '')}`.replace(/\/$/, '');
  return path === '' ? '/' : path;
}
