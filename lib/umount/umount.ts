// umount(): unmounts a filesystem, and explains a failure.
import { pathOfTarget, type Surroundings, type Target } from '../arguments/target.js';
import { umountFlagNames } from '../kernel/constants.js';
import { MountError, printable } from '../kernel/errors.js';
import { isFailure, native } from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import { orAborted } from '../operation/abort.js';
import { OperationChannel } from '../operation/channel.js';
import { answer, answerSync, ask, type Steps } from '../operation/driver.js';
import { runUmount, runUmountSync, type UmountEnd } from './attempts.js';
import { planUmount, type UmountOptions, type UmountPlan } from './options.js';
import { busyMount, progressInWords, umountQuestions, umountReason, umountReasonOfStep } from './reasons.js';

const UMOUNT = new OperationChannel('umount');
const UNMOUNT = new OperationChannel('Mount.unmount');

/** Makes the error of a failed umount: examines the target, and searches for the holders of a busy mount. */
function* umountError(plan: UmountPlan, end: UmountEnd): Steps<MountError> {
  const { error: errno, syscall, step } = end.failure;
  const parts = [yield* reasonOf(plan, end), progressInWords(end.failure)].filter((part) => part !== undefined);
  return new MountError({
    errno,
    syscall,
    step,
    path: pathOfTarget(plan.target),
    flags: umountFlagNames(end.flags),
    reason: parts.length === 0 ? undefined : parts.join('; '),
    left: end.failure.remaining?.length ? end.failure.remaining.map(printable) : undefined,
    leftIs: 'still mounted',
  });
}

function* reasonOf(plan: UmountPlan, end: UmountEnd): Steps<string | undefined> {
  const known = umountReasonOfStep(end, plan);
  if (known !== undefined) return known;
  const examination = yield* ask(native.examine, { ...umountQuestions(end, plan), ...surroundings(plan, end) });
  if (isFailure(examination)) return undefined;
  const busy = busyMount(end, plan, examination);
  const scan = busy === null ? null : yield* ask(native.holders, { target: busy });
  return umountReason(end, plan, examination, inUserNamespace(), scan);
}

// If one of several mounts failed, its mount point is an absolute path and not a path inside the root of the target.
function surroundings({ target, namespace, recursive, stack }: UmountPlan, { failure }: UmountEnd): Surroundings {
  const isOfTarget = !((recursive || stack) && failure.other !== null);
  return { root: isOfTarget ? target.root : null, resolve: target.resolve, namespace };
}

// Only a `Mount` passes a mount ID, so a call with one is traced as `Mount.unmount`.
function channelOf({ id }: UmountPlan): OperationChannel {
  return id === null ? UMOUNT : UNMOUNT;
}

/**
 * Carries out the plan of an {@link umount} or {@link Mount.unmount} call. The promise settles at the end of the last
 * attempt, also if a signal has rejected the caller's promise before.
 *
 * @internal
 */
export function unmountPlanned(plan: UmountPlan): Promise<void> {
  const channel = channelOf(plan);
  return channel.isWatched ? channel.run({ target: plan.target }, perform, plan) : perform(plan);
}

async function perform(plan: UmountPlan): Promise<void> {
  const end = await runUmount(plan);
  if (end === undefined) return;
  const error = await answer(umountError(plan, end));
  // Another call of the same handle may have unmounted the mount during the examination, or may be doing so now.
  await plan.state?.attempt;
  if (plan.state?.isUnmounted) return;
  throw error;
}

/**
 * Carries out the plan on the calling thread: the synchronous form of {@link unmountPlanned}.
 *
 * @internal
 */
export function unmountPlannedSync(plan: UmountPlan): void {
  const channel = channelOf(plan);
  if (channel.isWatched) channel.runSync({ target: plan.target }, performSync, plan);
  else performSync(plan);
}

function performSync(plan: UmountPlan): void {
  const end = runUmountSync(plan);
  if (end !== undefined) throw answerSync(umountError(plan, end));
}

/**
 * Unmounts a filesystem: umount2(2). If several mounts are stacked at the target, only the topmost one is unmounted.
 * The promise resolves when the mount is detached from the mount tree.
 *
 * Every error of the kernel rejects the promise. `EINVAL` is not ignored, because it need not mean that the target was
 * no mount point: a locked mount, wrong flags and a symbolic link cause `EINVAL` too, and `error.reason` tells the
 * cause. With `EBUSY`, `error.reason` names the processes and devices that hold the mount.
 *
 * By default the call makes one attempt, which is neither lazy nor forced; see {@link UmountOptions}. With `recursive`
 * and `stack` the call unmounts several mounts one after the other. If one of them fails, `error.left` lists the mount
 * points that are still mounted, and `error.reason` names those that are unmounted. The call never deletes a file or
 * directory.
 *
 * The system call runs on a thread of this library. To unmount only a mount that this library made, call
 * {@link Mount.unmount}.
 *
 * @param target the mount point; a symbolic link is followed unless `noFollow` is given
 * @param options options by name, or a number: `MNT_FORCE`, `MNT_DETACH`, `MNT_EXPIRE` and `UMOUNT_NOFOLLOW` of
 *   {@link constants}, joined with `|`
 * @throws {@link MountError}: `EBUSY` if the mount is in use, or is the root directory of this process (which the
 *   kernel would make read-only instead); `EINVAL` if the target is not a mount point, or the mount is locked; `EPERM`
 *   without CAP_SYS_ADMIN; `EAGAIN` if `expire` has marked the mount. `TypeError` or `RangeError` with Node's codes for
 *   wrong arguments, and for options that exclude each other. An `AbortError` if the signal is aborted
 * @example
 * ```ts
 * await umount('/run/cache');
 * await umount('/mnt/usb', constants.UMOUNT_NOFOLLOW);
 * // unmounts everything below /jail, and waits up to five seconds while a file is open
 * await umount('/jail', { recursive: true, retry: { for: 5_000 }, then: 'lazy' });
 * ```
 * @see https://man7.org/linux/man-pages/man2/umount.2.html
 */
export async function umount(target: Target, options?: number | UmountOptions): Promise<void> {
  const plan = planUmount(target, options, { isSync: false });
  await orAborted(unmountPlanned(plan), plan.signal);
}

/**
 * Unmounts a filesystem like {@link umount}, but on the calling thread: umount2(2). With `retry`, the thread sleeps
 * between the attempts.
 *
 * @example
 * ```ts
 * umountSync('/jail/proc');
 * umountSync('/jail', { recursive: true });
 * ```
 */
export function umountSync(target: Target, options?: number | UmountOptions): void {
  unmountPlannedSync(planUmount(target, options, { isSync: true }));
}
