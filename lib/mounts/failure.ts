// Makes the errors of operations on one mount, with the reason of the failure.
import { constants as os } from 'node:os';
import { DETACHED_TARGET, pathOfTarget, surroundingsOf, targetInWords } from '../arguments/target.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { mountFlagNames } from '../kernel/constants.js';
import { MountError, printable } from '../kernel/errors.js';
import { type ArgumentsOf, type Failure, isFailure, native } from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import type { Bytes, NativeNamespace, NativeTarget } from '../kernel/words.js';
import { ask, type Steps } from '../operation/driver.js';
import { mountQuestions, mountReason } from '../reasons/mount-reasons.js';
import { idMapReasonOfStep, targetReasonOfStep } from '../reasons/step-reasons.js';

/**
 * An operation on one mount, described as the mount(2) call that would have the same effect. The operation fails for
 * the same causes as that call, so the rules for mount(2) find the reason.
 */
export interface OperationCase {
  readonly source: Bytes | null;
  /** The target; undefined for a detached mount. */
  readonly target: NativeTarget | undefined;
  /**
   * For a move, the mount point that the mount is moved from. If the `index` of a failure is 0, the failure concerns
   * this path and not the target.
   */
  readonly from?: NativeTarget;
  readonly fsType: string | null;
  /** The flags of mount(2), such as `MS_BIND`. */
  readonly flags: number;
  /**
   * The mount(2) flags of the lockable attributes that a change does not clear. A failure cannot be due to these
   * attributes.
   */
  readonly kept?: number;
  readonly hasData: boolean;
  readonly namespace: NativeNamespace;
  /** The user namespace whose ID map the caller asked for. */
  readonly userNamespace?: NativeNamespace;
}

/** Returns the reason if the failed step alone determines the reason. Undefined means that paths must be examined. */
function reasonOfOperationStep(
  failure: Failure,
  { source, target: to, from, namespace, userNamespace = null }: OperationCase,
): string | undefined {
  const { step, error } = failure;
  const target = failure.index === 0 && from !== undefined ? from : to;
  switch (step) {
    case 'check target':
      return "the target is a mount point already: unmount it first, or ask for ifMounted: 'stack'";
    case 'verify':
      return error === os.errno.EPROTO
        ? 'the kernel reported success, but the mount does not have the requested attributes: the mount was unmounted again'
        : undefined;
    case 'clone':
      return error === os.errno.EINVAL
        ? 'this kernel cannot copy a detached mount (possible since Linux 6.15): attach the mount without clone, and bind-mount its target'
        : undefined;
    case 'check source':
      return `${source === null ? 'the source' : printable(source)} is not a mount point, and only a mount can be moved: name a mount point`;
    case 'choose beneath':
      return 'this kernel cannot attach a mount beneath another (possible since Linux 6.5): unmount the target first, which leaves the target without a mount for a moment';
    case 'check what is above':
      return `the target ${target === undefined ? '' : targetInWords(target)} is not a mount point, and beneath needs a mount at the target: leave beneath out`;
    case 'make a namespace':
      return 'the filesystem cannot be reconfigured: fspick(2) is missing (before Linux 5.2) or denied by a seccomp filter, and the replacement needs a new mount namespace, which cannot be created: allow fspick(2) or unshare(CLONE_NEWNS)';
    case 'set attributes of a hidden mount':
      return 'a mount below the target is hidden by another mount, so that no path leads to the hidden mount: changing its attributes needs mount_setattr(2), which exists since Linux 5.12';
    case 'check data':
      return 'the parameters need a page or more as one option string, and this kernel or sandbox lacks fsopen(2), which takes parameters one by one: pass fewer or shorter parameters';
    default:
      return (
        (target === undefined ? undefined : targetReasonOfStep(failure, target, namespace)) ??
        idMapReasonOfStep(failure, source, userNamespace) ??
        reasonOfStep(failure)
      );
  }
}

function asMount({ source, target, fsType, flags, kept = 0, hasData }: OperationCase): ArgumentsOf<'mount'> {
  const data = hasData ? '' : null;
  return { source, target: target?.path ?? '/', fsType, flags: flags | kept, data, cwd: null };
}

function targetOf({ target }: OperationCase): { target: string; isMade: boolean } | undefined {
  return target === undefined ? undefined : { target: targetInWords(target), isMade: target.create !== 0 };
}

/**
 * Makes the error of a failed operation. Examines the paths of the operation if the failed step alone gives no reason.
 */
export function* operationError(failure: Failure, about: OperationCase): Steps<MountError> {
  const { flags } = about;
  const reason = reasonOfOperationStep(failure, about) ?? (yield* examinedReason(failure, about));
  return failureError(failure, { ...namesOf(about), flags: flags === 0 ? undefined : mountFlagNames(flags) }, reason);
}

function* examinedReason(failure: Failure, about: OperationCase): Steps<string | undefined> {
  const call = asMount(about);
  const { target = DETACHED_TARGET, namespace } = about;
  const examination = yield* ask(native.examine, { ...mountQuestions(call), ...surroundingsOf({ target, namespace }) });
  return isFailure(examination)
    ? undefined
    : mountReason(failure, call, examination, inUserNamespace(), targetOf(about));
}

/** Makes the `EBUSY` error of `ifMounted: 'reuse'` for a target whose mount is not the requested mount. */
export function notTheSame(about: OperationCase, reason: string): MountError {
  return otherMountError(namesOf(about), reason);
}

/** The paths, the type and the flags that the error of an operation names. */
export interface ErrorNames {
  readonly path: Bytes | undefined;
  readonly dest?: Bytes | undefined;
  readonly fsType: string | undefined;
  readonly flags?: string | undefined;
  /** The target, whose path {@link MountError.left} names; undefined for an operation without a target. */
  readonly target: NativeTarget | undefined;
}

function namesOf({ source, target, fsType }: OperationCase): ErrorNames {
  const path = target === undefined ? undefined : pathOfTarget(target);
  return { ...(source === null ? { path } : { path: source, dest: path }), fsType: fsType ?? undefined, target };
}

/** Makes the error of an operation from the addon's failure, the properties that name the mount, and the reason. */
export function failureError(
  failure: Failure,
  { target, ...names }: ErrorNames,
  reason: string | undefined,
): MountError {
  const { error: errno, syscall, step, log } = failure;
  return new MountError({
    errno,
    syscall,
    step,
    ...names,
    kernelLog: log === null ? undefined : log.toString().trimEnd(),
    reason,
    left: target === undefined ? undefined : leftAt(target, failure),
  });
}

/** Makes the `EBUSY` error for a target with another mount than the mount that the caller wants to reuse. */
export function otherMountError({ target: _, ...names }: ErrorNames, reason: string): MountError {
  return new MountError({ errno: os.errno.EBUSY, syscall: 'mount', step: 'check target', ...names, reason });
}

/**
 * Returns what a failed operation has left behind, for `left` of the error: the mount, and the mount point that the
 * operation created.
 */
function leftAt(target: NativeTarget, { left, leftMade = null }: Failure): string[] | undefined {
  const mount = left ? [printable(pathOfTarget(target))] : [];
  const made = leftMade === null ? [] : [printable(pathOfTarget({ ...target, path: leftMade.subarray(2) }))];
  return left || leftMade !== null ? [...mount, ...made] : undefined;
}
