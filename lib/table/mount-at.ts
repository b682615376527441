import { encodingOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument, refuseRelative } from '../arguments/namespace.js';
import { namespaceReasonOfStep } from '../kernel/call-reasons.js';
import { MountError } from '../kernel/errors.js';
import * as native from '../kernel/native.js';
import type { Bytes, NamespaceWord } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
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

const IS_MOUNT_POINT = new OperationChannel('isMountPoint');
const MOUNT_AT = new OperationChannel('mountAt');

interface Place {
  readonly path: Bytes;
  readonly namespace: NamespaceWord;
}

function placeOf(path: PathLike, namespace: unknown): Place {
  const place = { path: pathArgument('path', path), namespace: namespaceArgument('options.namespace', namespace) };
  refuseRelative(place.namespace, [['path', place.path]]);
  return place;
}

function failureAt({ path, namespace }: Place, failure: native.Failure): MountError {
  const { error: errno, syscall, step } = failure;
  return new MountError({
    errno,
    syscall,
    step,
    path,
    reason:
      step === 'find the mount in the table'
        ? 'the path is on a mount that is not in the mount table of this process: one that is not attached anywhere, or is outside of its root'
        : namespaceReasonOfStep(failure, namespace),
  });
}

function answered(place: Place, answer: boolean | native.Failure): boolean {
  if (native.isFailure(answer)) throw failureAt(place, answer);
  return answer;
}

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
  const place = placeOf(path, optionsArgument('options', options, KNOWN_OF_POINT)['namespace']);
  return IS_MOUNT_POINT.isWatched ? IS_MOUNT_POINT.run({ target: place.path }, ask, place) : ask(place);
}

async function ask(place: Place): Promise<boolean> {
  return answered(place, await native.mountRoot(place.path, place.namespace));
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
  const place = placeOf(path, optionsArgument('options', options, KNOWN_OF_POINT)['namespace']);
  return IS_MOUNT_POINT.isWatched ? IS_MOUNT_POINT.runSync({ target: place.path }, askSync, place) : askSync(place);
}

function askSync(place: Place): boolean {
  return answered(place, native.mountRootSync(place.path, place.namespace));
}

type EntryPlan = readonly [place: Place, encoding: 'utf8' | 'buffer'];

function planEntry(path: PathLike, options: MountAtOptions): EntryPlan {
  const { encoding, namespace } = optionsArgument('options', options, KNOWN);
  return [placeOf(path, namespace), encodingOption(encoding)];
}

function entryOf(place: Place, encoding: 'utf8' | 'buffer', lines: native.TableLines | native.Failure): MountEntry {
  if (native.isFailure(lines)) throw failureAt(place, lines);
  const [entry] = parseTable(lines.table, encoding, lines.ids);
  return entry as MountEntry; // there is one line
}

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
  const plan = planEntry(path, options);
  return MOUNT_AT.isWatched ? MOUNT_AT.run({ target: plan[0].path }, find, plan) : find(plan);
}

async function find([place, encoding]: EntryPlan): Promise<MountEntry> {
  return entryOf(place, encoding, await native.mountAt(place.path, place.namespace));
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
  const plan = planEntry(path, options);
  return MOUNT_AT.isWatched ? MOUNT_AT.runSync({ target: plan[0].path }, findSync, plan) : findSync(plan);
}

function findSync([place, encoding]: EntryPlan): MountEntry {
  return entryOf(place, encoding, native.mountAtSync(place.path, place.namespace));
}
