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
import * as native from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import { OperationChannel, type OperationSubject } from '../operation/channel.js';
import { mountQuestions, mountReason, mountReasonOfStep } from '../reasons/mount-reasons.js';

/** Options of {@link mount} that mount(2) does not have. */
export interface MountOptions {
  /**
   * The directory where relative paths start, those inside `data` too. The process's own working directory stays as it
   * is: the call is made by a thread that has one of its own.
   */
  cwd?: PathLike;
}

const OPTIONS: ReadonlySet<string> = new Set(['cwd']);
const MOUNT = new OperationChannel('mount');

// What is a name in the data cannot be told from what is a part of a secret.
function subjectOf([source, target, fsType]: native.MountArguments): OperationSubject {
  return { source, target, fsType };
}

/**
 * Turns what the user asked into the arguments of the native call, without doing anything.
 *
 * @internal
 */
export function planMount(
  source: PathLike | null,
  target: PathLike,
  fsType: string | null,
  flags?: number,
  data?: string | Uint8Array | null,
  options?: MountOptions,
): native.MountArguments {
  const cwd = options === undefined ? undefined : optionsArgument('options', options, OPTIONS)['cwd'];
  return [
    source === null ? null : pathArgument('source', source),
    pathArgument('target', target),
    nullableStringArgument('fsType', fsType),
    flagsArgument('flags', flags),
    dataArgument('data', data),
    cwd === undefined ? null : pathArgument('options.cwd', cwd),
    false,
  ];
}

/**
 * Makes an error of a failed mount.
 *
 * @param examination what it depends on; null where that was not asked, as the failed step says why
 * @internal
 */
export function mountFailure(
  failure: native.Failure,
  call: native.MountArguments,
  examination: native.Examination | native.Failure | null,
): MountError {
  const { error: errno, syscall, step, left } = failure;
  const [source, target, fsType, flags, , cwd] = call;
  const isExamined = examination !== null && !native.isFailure(examination);
  return new MountError({
    errno,
    syscall,
    step,
    // The directory is what chdir(2) complains of; all others are about the mount.
    ...(step === 'cwd' && cwd !== null
      ? { path: cwd }
      : source === null
        ? { path: target }
        : { path: source, dest: target }),
    fsType: fsType ?? undefined,
    flags: mountFlagNames(flags),
    reason: isExamined ? mountReason(failure, call, examination, inUserNamespace()) : mountReasonOfStep(failure, call),
    left: left ? [printable(target)] : undefined,
  });
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
  const plan = planMount(source, target, fsType, flags, data, options);
  if (MOUNT.isWatched) return MOUNT.run(subjectOf(plan), perform, plan);
  // As perform() does, less its promise.
  const outcome = await native.mount(...plan);
  if (native.isFailure(outcome)) throw await explained(outcome, plan);
}

async function perform(plan: native.MountArguments): Promise<void> {
  const outcome = await native.mount(...plan);
  if (native.isFailure(outcome)) throw await explained(outcome, plan);
}

async function explained(failure: native.Failure, plan: native.MountArguments): Promise<MountError> {
  const isUnclear = mountReasonOfStep(failure, plan) === undefined;
  return mountFailure(failure, plan, isUnclear ? await native.examine(mountQuestions(plan)) : null);
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
  const plan = planMount(source, target, fsType, flags, data, options);
  if (MOUNT.isWatched) MOUNT.runSync(subjectOf(plan), performSync, plan);
  else performSync(plan);
}

function performSync(plan: native.MountArguments): void {
  const outcome = native.mountSync(...plan);
  if (!native.isFailure(outcome)) return;
  const isUnclear = mountReasonOfStep(outcome, plan) === undefined;
  throw mountFailure(outcome, plan, isUnclear ? native.examineSync(mountQuestions(plan)) : null);
}
