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

/** Makes the error of an umount that failed: examines the mount, and looks for processes that hold it. */
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

// The place of one of several mounts is a path of its own, not one inside the root.
function surroundings({ target, namespace, recursive, stack }: UmountPlan, { failure }: UmountEnd): Surroundings {
  const isOfTarget = !((recursive || stack) && failure.other !== null);
  return { root: isOfTarget ? target.root : null, resolve: target.resolve, namespace };
}

// It is a handle that knows which mount it wants.
function channelOf({ id }: UmountPlan): OperationChannel {
  return id === null ? UMOUNT : UNMOUNT;
}

/**
 * Does what was planned: the part of {@link umount} that others share. It settles when all is over, whatever a signal
 * has said to the caller in the meantime.
 *
 * @internal
 */
export function takeDown(plan: UmountPlan): Promise<void> {
  const channel = channelOf(plan);
  return channel.isWatched ? channel.run({ target: plan.target }, perform, plan) : perform(plan);
}

async function perform(plan: UmountPlan): Promise<void> {
  const end = await runUmount(plan);
  if (end === undefined) return;
  const error = await answer(umountError(plan, end));
  // While that was found out another call of the same handle may have been luckier, or is about to be.
  await plan.turn?.calling;
  if (plan.turn?.isDown) return;
  throw error;
}

/** {@link takeDown} on the calling thread. @internal */
export function takeDownSync(plan: UmountPlan): void {
  const channel = channelOf(plan);
  if (channel.isWatched) channel.runSync({ target: plan.target }, performSync, plan);
  else performSync(plan);
}

function performSync(plan: UmountPlan): void {
  const end = runUmountSync(plan);
  if (end !== undefined) throw answerSync(umountError(plan, end));
}

/**
 * Takes down the mount at a path, the topmost if there are several: umount2(2).
 *
 * Every answer of the kernel but success is an error. `EINVAL` in particular, which others take for "was not mounted",
 * may also mean that the mount is locked and still there, that flags are wrong or that the target is a link:
 * `error.reason` says which. `EBUSY` names who holds the mount.
 *
 * By default nothing is lazy, forced or tried twice; see {@link UmountOptions}. With `recursive` and `stack` several
 * mounts go, one after the other: when one of them cannot, `error.left` lists the mount points of those that are still
 * there, and the reason names those that are down. Nothing is ever deleted.
 *
 * The call runs on a thread of its own. To take down what {@link mountOverlay} put up and nothing else, use
 * {@link Mount.unmount}.
 *
 * @param target the mount point; a symbolic link is followed unless `noFollow` is given
 * @param options options by name, or `MNT_FORCE`, `MNT_DETACH`, `MNT_EXPIRE` and `UMOUNT_NOFOLLOW` of
 *   {@link constants}, joined with `|`
 * @throws {@link MountError}: `EBUSY` in use, or the root of this process (which the kernel would make read-only
 *   instead); `EINVAL` not a mount point or locked; `EPERM` no CAP_SYS_ADMIN; `EAGAIN` marked by `expire`. `TypeError`
 *   or `RangeError` with Node's codes for wrong arguments, and for options that exclude each other. `AbortError`
 * @example
 * ```ts
 * await umount('/run/cache');
 * await umount('/mnt/usb', constants.UMOUNT_NOFOLLOW);
 * // everything below /jail, waiting five seconds for what still uses it
 * await umount('/jail', { recursive: true, retry: { for: 5_000 }, then: 'lazy' });
 * ```
 * @see https://man7.org/linux/man-pages/man2/umount.2.html
 */
export async function umount(target: Target, options?: number | UmountOptions): Promise<void> {
  const plan = planUmount(target, options, { isSync: false });
  await orAborted(takeDown(plan), plan.signal);
}

/**
 * {@link umount} on the calling thread, which waits for the kernel, and with `retry` for whoever holds the mount.
 *
 * @example
 * ```ts
 * umountSync('/jail/proc');
 * umountSync('/jail', { recursive: true });
 * ```
 */
export function umountSync(target: Target, options?: number | UmountOptions): void {
  takeDownSync(planUmount(target, options, { isSync: true }));
}
