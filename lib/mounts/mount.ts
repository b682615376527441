// mount(): the system call itself.
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

/** Options of {@link mount} that mount(2) does not have. */
export interface MountOptions {
  /**
   * The directory where relative paths start, those inside `data` too. The process's own working directory stays as it
   * is: the call is made by a thread that has one of its own.
   */
  cwd?: PathLike;
}

/** The arguments of the native call are the whole plan. */
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
  // Option data is no part of the subject: its parts may be secrets, and cannot be told from names.
  subject: ({ source, target, fsType }) => ({ source, target, fsType: fsType?.toString() ?? null }),
  call: native.mount,
  arguments: (plan) => plan,
  result: () => undefined,
  error: mountError,
};

function* mountError(plan: MountPlan, failure: Failure): Steps<MountError> {
  const { error: errno, syscall, step, left } = failure;
  const { source, target, fsType, flags, cwd } = plan;
  // chdir(2) fails because of the working directory, every other call because of the mount.
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
 * Mounts a filesystem, or changes a mount: mount(2), with two things made right.
 *
 * - **A bind takes its attributes.** `MS_BIND | MS_RDONLY` is read-only, with the `nosuid`, `nodev`, `noexec` and
 *   `atime` of its source, from the first moment on where no sandbox keeps it from that ({@link mountBind}); with
 *   `MS_REC` everything below is as well. The kernel's own call ignores every flag but `MS_REC` there and leaves the
 *   bind writable. A bind with `MS_REMOUNT` is the kernel's own: it sets exactly the flags given.
 * - **Data is never cut.** What has {@link pageSize} bytes or more, the final NUL counted, is refused with `E2BIG`. The
 *   kernel reads one page and ignores the rest.
 *
 * The call runs on a thread of its own, so that a mount that hangs holds up nothing else. While it is under way the
 * process is kept alive. If the process or the worker ends meanwhile, the mount may or may not have been made.
 *
 * To mount an overlay, {@link mountOverlay} says more with less.
 *
 * @param source a device, a directory or file to bind, or any name; null where the call needs none
 * @param target the mount point; a symbolic link is followed
 * @param fsType `'ext4'`, `'tmpfs'` … as in `/proc/filesystems`; null where the call needs none
 * @param flags `MS_*` of {@link constants}, joined with `|`
 * @param data the filesystem's options, separated by commas, without a NUL; null is not the same as `''`
 * @param options where relative paths start
 * @throws {@link MountError} when the kernel says no; `TypeError` or `RangeError` with Node's codes for arguments that
 *   are wrong in themselves
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
 * {@link mount} on the calling thread, which waits for the kernel: for start-up code and tools, not for a service.
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
