// mount(): the system call mount(2), with two corrections.
import {
  dataArgument,
  flagsArgument,
  nullableStringArgument,
  optionsArgument,
  type PathLike,
  pathArgument,
} from '../arguments/check.js';
import { mountFlagNames } from '../kernel/constants.js';
import { MountError, printable } from '../kernel/errors.js';
import { type ArgumentsOf, type Failure, isFailure, native } from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import { OperationChannel } from '../operation/channel.js';
import { ask, type Operation, type Plan, run, runSync, type Steps } from '../operation/driver.js';
import { mountQuestions, mountReason, mountReasonOfStep } from '../reasons/mount-reasons.js';

/** Options of {@link mount}. */
export interface MountOptions {
  /**
   * The directory that relative paths start from, including relative paths in `data`. A thread with a working directory
   * of its own makes the call, so that the working directory of the process does not change.
   */
  cwd?: PathLike;
}

/** The plan of {@link mount}: the arguments of the native call. */
interface MountPlan extends ArgumentsOf<'mount'>, Plan {}

const OPTIONS: ReadonlySet<string> = new Set(['cwd']);

function planMount(
  source: PathLike | null,
  target: PathLike,
  fsType: string | null,
  flags?: number,
  data?: string | Uint8Array | null,
  options?: MountOptions,
): MountPlan {
  const cwd = options === undefined ? undefined : optionsArgument('options', options, OPTIONS)['cwd'];
  return {
    source: source === null ? null : pathArgument('source', source),
    target: pathArgument('target', target),
    fsType: nullableStringArgument('fsType', fsType),
    flags: flagsArgument('flags', flags),
    data: dataArgument('data', data),
    cwd: cwd === undefined ? null : pathArgument('options.cwd', cwd),
  };
}

const MOUNT: Operation<MountPlan, 'mount', void> = {
  channel: new OperationChannel('mount'),
  // The subject omits `data`, because `data` may contain secrets, which cannot be distinguished from parameter names.
  subject: ({ source, target, fsType }) => ({ source, target, fsType: fsType?.toString() ?? null }),
  call: native.mount,
  arguments: (plan) => plan,
  result: () => undefined,
  error: mountError,
};

function* mountError(plan: MountPlan, failure: Failure): Steps<MountError> {
  const { error: errno, syscall, step, left } = failure;
  const { source, target, fsType, flags, cwd } = plan;
  // If chdir(2) failed, the error names the working directory; otherwise the error names the source and the target.
  const paths =
    step === 'cwd' && cwd !== null
      ? { path: cwd }
      : source === null
        ? { path: target }
        : { path: source, dest: target };
  return new MountError({
    errno,
    syscall,
    step,
    ...paths,
    fsType: fsType?.toString(),
    flags: mountFlagNames(flags),
    reason: mountReasonOfStep(failure, plan) ?? (yield* examinedReason(plan, failure)),
    left: left ? [printable(target)] : undefined,
  });
}

function* examinedReason(plan: MountPlan, failure: Failure): Steps<string | undefined> {
  const examination = yield* ask(native.examine, mountQuestions(plan));
  return isFailure(examination) ? undefined : mountReason(failure, plan, examination, inUserNamespace());
}

/**
 * Mounts a filesystem, or changes a mount: mount(2), with two corrections of the kernel's behaviour.
 *
 * - **A bind gets its attributes.** A bind with `MS_BIND | MS_RDONLY` is read-only, and keeps `nosuid`, `nodev`,
 *   `noexec` and `atime` of its source, from the first moment on unless a sandbox prevents this ({@link mountBind}).
 *   With `MS_REC` every mount below gets these attributes too. The kernel itself ignores every flag but `MS_REC` in
 *   this call, and the bind stays writable. A call with `MS_BIND | MS_REMOUNT` is passed to the kernel unchanged, and
 *   sets exactly the given flags.
 * - **Data is never truncated.** Data of {@link pageSize} bytes or more, including the final NUL, is rejected with
 *   `E2BIG`. The kernel itself reads one page and ignores the rest.
 *
 * The call runs on a separate thread, so that a mount that hangs delays nothing else. A pending call keeps the process
 * alive. If the process or the worker ends during the call, the filesystem may or may not be mounted.
 *
 * To mount an overlay, prefer {@link mountOverlay}.
 *
 * @param source a device, a directory or file to bind, or any name; null if the call needs no source
 * @param target the mount point; a symbolic link is followed
 * @param fsType a type from `/proc/filesystems`, such as `'ext4'`; null if the call needs no type
 * @param flags `MS_*` flags of {@link constants}, combined with `|`
 * @param data the options of the filesystem, separated by commas, without NUL; null differs from `''`
 * @param options the directory that relative paths start from
 * @throws {@link MountError} if the kernel rejects the call
 * @throws `TypeError` or `RangeError` with Node's codes if an argument is invalid
 * @example
 * ```ts
 * await mount('tmpfs', '/run/cache', 'tmpfs', constants.MS_NOSUID | constants.MS_NODEV, 'size=64m,mode=700');
 * await mount('/srv/www', '/jail/www', null, constants.MS_BIND | constants.MS_RDONLY);
 * await mount('overlay', 'merged', 'overlay', 0, 'lowerdir=a:b', { cwd: '/var/lib/layers' });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function mount(
  source: PathLike | null,
  target: PathLike,
  fsType: string | null,
  flags?: number,
  data?: string | Uint8Array | null,
  options?: MountOptions,
): Promise<void> {
  return run(MOUNT, planMount(source, target, fsType, flags, data, options));
}

/**
 * Mounts a filesystem on the calling thread, which waits for the kernel: the synchronous form of {@link mount}. Call
 * this function in start-up code and tools, and {@link mount} in a service.
 *
 * @example
 * ```ts
 * mountSync('proc', '/jail/proc', 'proc', constants.MS_NOSUID | constants.MS_NODEV | constants.MS_NOEXEC);
 * ```
 */
export function mountSync(
  source: PathLike | null,
  target: PathLike,
  fsType: string | null,
  flags?: number,
  data?: string | Uint8Array | null,
  options?: MountOptions,
): void {
  runSync(MOUNT, planMount(source, target, fsType, flags, data, options));
}
