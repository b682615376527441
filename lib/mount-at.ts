import { type Bytes, optionsArgument, type PathLike, pathArgument } from './arguments.js';
import { MountError } from './errors.js';
import type { MountEntry } from './mount-entry.js';
import { encodingOption, type MountInfoOptions, parseTable } from './mount-info.js';
import * as native from './native.js';

const KNOWN: ReadonlySet<string> = new Set(['encoding']);

function failureAt(path: Bytes, { error: errno, syscall, step }: native.Failure): MountError {
  return new MountError({
    errno,
    syscall,
    step,
    path,
    reason:
      step === 'find the mount in the table'
        ? 'the path is on a mount that is not in the mount table of this process: one that is not attached anywhere, or is outside of its root'
        : undefined,
  });
}

function answered(path: Bytes, answer: boolean | native.Failure): boolean {
  if (native.isFailure(answer)) throw failureAt(path, answer);
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
export async function isMountPoint(path: PathLike): Promise<boolean> {
  const bytes = pathArgument('path', path);
  return answered(bytes, await native.mountRoot(bytes));
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
export function isMountPointSync(path: PathLike): boolean {
  const bytes = pathArgument('path', path);
  return answered(bytes, native.mountRootSync(bytes));
}

function planEntry(path: PathLike, options: MountInfoOptions): [path: Bytes, encoding: 'utf8' | 'buffer'] {
  const { encoding } = optionsArgument('options', options, KNOWN);
  return [pathArgument('path', path), encodingOption(encoding)];
}

function entryOf(path: Bytes, encoding: 'utf8' | 'buffer', lines: native.TableLines | native.Failure): MountEntry {
  if (native.isFailure(lines)) throw failureAt(path, lines);
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
export function mountAt(path: PathLike, options: { encoding: 'buffer' }): Promise<MountEntry<Buffer>>;
export function mountAt(path: PathLike, options?: MountInfoOptions): Promise<MountEntry>;
export async function mountAt(path: PathLike, options: MountInfoOptions = {}): Promise<MountEntry> {
  const [bytes, encoding] = planEntry(path, options);
  return entryOf(bytes, encoding, await native.mountAt(bytes));
}

/**
 * {@link mountAt} on the calling thread.
 *
 * @example
 * ```ts
 * mountAtSync('/').fsType; // 'ext4'
 * ```
 */
export function mountAtSync(path: PathLike, options: { encoding: 'buffer' }): MountEntry<Buffer>;
export function mountAtSync(path: PathLike, options?: MountInfoOptions): MountEntry;
export function mountAtSync(path: PathLike, options: MountInfoOptions = {}): MountEntry {
  const [bytes, encoding] = planEntry(path, options);
  return entryOf(bytes, encoding, native.mountAtSync(bytes));
}
