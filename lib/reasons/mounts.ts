import type { PathFacts } from '../kernel/native.js';
import type { MountEntry } from '../table/mountinfo/entry.js';
import { isWithin } from '../table/mountinfo/latin1.js';
import { parseLines } from '../table/mountinfo/parse.js';

export { isWithin };

/**
 * The mount table as far as reasons need it. Bytes are Latin-1 here, a character each: names need not be UTF-8.
 */
export interface MountLine {
  readonly id: bigint;
  readonly parentId: bigint;
  /** Major and minor number of the filesystem. */
  readonly device: string;
  /** Which directory of the filesystem is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly isUnbindable: boolean;
  readonly isShared: boolean;
  readonly fsType: string;
  readonly source: string;
  /** The filesystem's own options, with their escapes. */
  readonly superOptions: string;
}

/** The lines of a mount table; null for one that is not understood, as a reason must not hide the error it is for. */
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

/** The mount that a path leads to. */
export function mountOf(mounts: readonly MountLine[], { mountId }: PathFacts): MountLine | undefined {
  return mounts.find(({ id }) => id === mountId);
}

/** Where in which filesystem a directory is, whichever way its path leads there; undefined when it cannot be told. */
export interface Spot {
  readonly device: string;
  readonly path: string;
}

export function spotOf(mounts: readonly MountLine[], facts: PathFacts): Spot | undefined {
  const mount = facts.error === 0 ? mountOf(mounts, facts) : undefined;
  const path = facts.path.toString('latin1');
  if (mount === undefined || !isWithin(path, mount.mountPoint)) return undefined;
  return { device: mount.device, path: joined(mount.root, path.slice(mount.mountPoint.length)) };
}

/** Whether one spot is inside of the other, or the same. */
export function isSpotWithin(inner: Spot, outer: Spot): boolean {
  return inner.device === outer.device && isWithin(inner.path, outer.path);
}

/** The mount that holds an absolute path without links: the last of those with the longest mount point. */
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
