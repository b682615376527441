import type { PathFacts } from './native.js';

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

/** The lines of a mount table: proc_pid_mountinfo(5). */
export function mountLines(table: Buffer): MountLine[] {
  return table.toString('latin1').split('\n').filter(Boolean).map(mountLine);
}

function mountLine(line: string): MountLine {
  const end = line.indexOf(' - ');
  const [id = '0', parentId = '0', device = '', root = '', mountPoint = '', options = '', ...propagation] = line
    .slice(0, end)
    .split(' ');
  const [fsType = '', source = '', superOptions = ''] = line.slice(end + 3).split(' ');
  return {
    id: BigInt(id),
    parentId: BigInt(parentId),
    device,
    root: withoutOctal(root),
    mountPoint: withoutOctal(mountPoint),
    options: options.split(','),
    isUnbindable: propagation.includes('unbindable'),
    isShared: propagation.some((field) => field.startsWith('shared:')),
    fsType,
    source: withoutOctal(source),
    superOptions,
  };
}

function withoutOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
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

/** Whether a path is another or below it; both absolute and without links. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
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
