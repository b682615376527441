// Looks up the mount that one path is on: isMountPoint() and mountAt().
import { encodingOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument, refuseRelative } from '../arguments/namespace.js';
import { namespaceReasonOfStep } from '../kernel/call-reasons.js';
import { MountError } from '../kernel/errors.js';
import { type Failure, native } from '../kernel/native.js';
import type { Bytes, NativeNamespace } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { type Operation, type Plan, run, runSync, type Steps, settled } from '../operation/driver.js';
import type { MountEntry } from './mountinfo/entry.js';
import { type MountInfoOptions, parseTable } from './mountinfo/parse.js';

/** Options of {@link isMountPoint}, and some of the options of {@link mountAt}. */
export interface MountAtNamespace {
  /** The mount namespace to look up the path in. With this option the path must be absolute. */
  namespace?: Namespace;
}

/** Options of {@link mountAt}. */
export interface MountAtOptions extends MountInfoOptions, MountAtNamespace {}

const KNOWN: ReadonlySet<string> = new Set(['encoding', 'namespace']);
const KNOWN_OF_POINT: ReadonlySet<string> = new Set(['namespace']);

interface PathPlan extends Plan {
  readonly path: Bytes;
  readonly namespace: NativeNamespace;
}

function planPath(path: PathLike, namespace: unknown): PathPlan {
  const plan = { path: pathArgument('path', path), namespace: namespaceArgument('options.namespace', namespace) };
  refuseRelative(plan.namespace, [['path', plan.path]]);
  return plan;
}

function errorAt({ path, namespace }: PathPlan, failure: Failure): Steps<MountError> {
  const { error: errno, syscall, step } = failure;
  const reason =
    step === 'find the mount in the table'
      ? 'the path is on a mount that is not in the mount table of this process: the mount is detached, or outside the root directory of this process'
      : namespaceReasonOfStep(failure, namespace);
  return settled(new MountError({ errno, syscall, step, path, reason }));
}

const IS_MOUNT_POINT: Operation<PathPlan, 'mountRoot', boolean> = {
  channel: new OperationChannel('isMountPoint'),
  subject: ({ path }) => ({ target: path }),
  call: native.mountRoot,
  arguments: (plan) => plan,
  result: (_, isMountPoint) => isMountPoint,
  error: errorAt,
};

/**
 * Tests whether a path is a mount point: statx(2) with `STATX_ATTR_MOUNT_ROOT` (Linux 5.8), one system call whatever
 * the number of mounts. The path may be a file. Unlike a comparison of device numbers, the test also recognizes a bind
 * mount within one filesystem.
 *
 * The call uses `AT_STATX_DONT_SYNC`, so that the kernel does not wait for an unresponsive server if it can avoid the
 * wait. The call does not trigger an automount. Without statx(2), as in some sandboxes, the function searches the mount
 * table.
 *
 * @param path the path; a symbolic link is followed
 * @returns true if a mount is attached at the path
 * @throws {@link MountError} if the path does not exist or cannot be reached; the result is never false for such a path
 * @example
 * ```ts
 * if (!(await isMountPoint('/data'))) await mount('/dev/sdb1', '/data', 'ext4');
 * ```
 * @see https://man7.org/linux/man-pages/man2/statx.2.html
 */
export async function isMountPoint(path: PathLike, options: MountAtNamespace = {}): Promise<boolean> {
  return run(IS_MOUNT_POINT, planPath(path, optionsArgument('options', options, KNOWN_OF_POINT)['namespace']));
}

/**
 * Tests whether a path is a mount point on the calling thread: the synchronous form of {@link isMountPoint}. A call
 * takes less time than `fs.statSync`, so prefer this form if the path is not on a network filesystem or FUSE.
 *
 * @example
 * ```ts
 * isMountPointSync('/proc'); // true
 * ```
 */
export function isMountPointSync(path: PathLike, options: MountAtNamespace = {}): boolean {
  return runSync(IS_MOUNT_POINT, planPath(path, optionsArgument('options', options, KNOWN_OF_POINT)['namespace']));
}

interface EntryPlan extends PathPlan {
  readonly encoding: 'utf8' | 'buffer';
}

function planEntry(path: PathLike, options: MountAtOptions): EntryPlan {
  const { encoding, namespace } = optionsArgument('options', options, KNOWN);
  return { ...planPath(path, namespace), encoding: encodingOption(encoding) };
}

const MOUNT_AT: Operation<EntryPlan, 'mountAt', MountEntry> = {
  channel: new OperationChannel('mountAt'),
  subject: ({ path }) => ({ target: path }),
  call: native.mountAt,
  arguments: (plan) => plan,
  // The addon returns exactly one line.
  result: ({ encoding }, { table, ids }) => parseTable(table, encoding, ids)[0] as MountEntry,
  error: errorAt,
};

/**
 * Looks up the mount that a path is on, and returns its entry of the mount table: statx(2) and statmount(2), without
 * reading the table. The path itself is a mount point if `target` equals the path. To test only whether a path is a
 * mount point, call {@link isMountPoint}, which takes a quarter of the time. For many paths, one {@link readMountTable}
 * and {@link MountTable.at} may take less time.
 *
 * Like {@link isMountPoint}, the function waits for no server and triggers no automount. The function falls back to
 * reading the mount table, with the same result, before Linux 6.13, for a mount without a source, and in a sandbox that
 * denies statmount(2).
 *
 * @param path the path; a symbolic link is followed
 * @param options the mount namespace, and the form of names
 * @returns the topmost mount at the path, or the mount that contains the path
 * @throws {@link MountError} if the path does not exist, cannot be reached, or is on a mount that is not in the table,
 *   such as a detached mount
 * @example
 * ```ts
 * const { fsType, source, options } = await mountAt('/var/lib/docker');
 * const isReadOnly = options.includes('ro');
 * ```
 * @see https://man7.org/linux/man-pages/man2/statmount.2.html
 */
export function mountAt(path: PathLike, options: MountAtOptions & { encoding: 'buffer' }): Promise<MountEntry<Buffer>>;
export function mountAt(path: PathLike, options?: MountAtOptions): Promise<MountEntry>;
export async function mountAt(path: PathLike, options: MountAtOptions = {}): Promise<MountEntry> {
  return run(MOUNT_AT, planEntry(path, options));
}

/**
 * Looks up the mount that a path is on, on the calling thread: the synchronous form of {@link mountAt}.
 *
 * @example
 * ```ts
 * mountAtSync('/').fsType; // 'ext4'
 * ```
 */
export function mountAtSync(path: PathLike, options: MountAtOptions & { encoding: 'buffer' }): MountEntry<Buffer>;
export function mountAtSync(path: PathLike, options?: MountAtOptions): MountEntry;
export function mountAtSync(path: PathLike, options: MountAtOptions = {}): MountEntry {
  return runSync(MOUNT_AT, planEntry(path, options));
}
