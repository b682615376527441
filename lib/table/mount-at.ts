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

/** Where {@link isMountPoint} and {@link mountAt} look. */
export interface MountAtNamespace {
  /** The mount namespace that the path is one of; it must be absolute then. */
  namespace?: Namespace;
}

/** How {@link mountAt} looks, and how names come. */
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
      ? 'the path is on a mount that is not in the mount table of this process: one that is not attached anywhere, or is outside of its root'
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
 * Whether something is mounted at a path: one statx(2) with `STATX_ATTR_MOUNT_ROOT`, whatever the number of mounts. It
 * tells of files as well as of directories, and of binds within one filesystem, which comparing devices does not.
 *
 * It asks no server, so that a dead one is not waited for where the kernel can avoid that (`AT_STATX_DONT_SYNC`), and
 * triggers no automount. Where a sandbox has no such statx, the mount table is searched.
 *
 * @param path a symbolic link is followed
 * @throws {@link MountError} when the path leads nowhere or cannot be reached, as that is no "no"
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
 * {@link isMountPoint} on the calling thread: it takes less than `fs.statSync`, so it is the better choice where no server
 * can be in the way.
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
  result: ({ encoding }, { table, ids }) => parseTable(table, encoding, ids)[0] as MountEntry, // the table is one line
  error: errorAt,
};

/**
 * The mount that a path is on, as the mount table has it: statx(2) and statmount(2), without reading the table. Something
 * is mounted at the path itself when `target` is the path; to ask only that, {@link isMountPoint} takes a quarter of the
 * time. To ask about many paths, one {@link readMountTable} and its {@link MountTable.at} may take less.
 *
 * It asks no server and triggers no automount, as {@link isMountPoint}. Before Linux 6.13, of a mount without a source,
 * and in a sandbox without these calls the mount is looked up in the table, with the same result.
 *
 * @param path a symbolic link is followed
 * @param options how names come
 * @throws {@link MountError} when the path leads nowhere, cannot be reached, or is on a mount that is not in the table,
 *   as a detached one
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
 * {@link mountAt} on the calling thread.
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
