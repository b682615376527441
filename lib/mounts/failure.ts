import { constants as os } from 'node:os';
import { NOWHERE, pathOfTarget, surroundingsOf, targetInWords } from '../arguments/target.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { mountFlagNames } from '../kernel/constants.js';
import { MountError, printable } from '../kernel/errors.js';
import { type ArgumentsOf, type Failure, isFailure, native } from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import type { Bytes, NativeNamespace, NativeTarget } from '../kernel/words.js';
import { ask, type Steps } from '../operation/driver.js';
import { idMapReasonOfStep } from '../reasons/idmap.js';
import { mountQuestions, mountReason } from '../reasons/mount-reasons.js';
import { targetReasonOfStep } from '../reasons/target.js';

/**
 * What an operation on one mount is like, for its reasons: the call of mount(2) that would do the same, since what may be
 * wrong is the same.
 */
export interface OperationCase {
  readonly source: Bytes | null;
  /** Undefined for what has no place. */
  readonly target: NativeTarget | undefined;
  /** Of a move, where from: a failure with index 0 is about that, not about the target. */
  readonly from?: NativeTarget;
  readonly fsType: string | null;
  /** `MS_BIND` and the like. */
  readonly flags: number;
  /** The attributes that a change does not take away, likewise: they cannot be what is wrong with it. */
  readonly kept?: number;
  readonly hasData: boolean;
  readonly namespace: NativeNamespace;
  /** Whose map of ids was asked for, if it was there. */
  readonly userNamespace?: NativeNamespace;
}

/** Why it failed, where the failed step tells; undefined where what it depends on must be examined. */
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
        ? 'the kernel said that it had set the attributes, and the mount does not have them: it has been taken down again'
        : undefined;
    case 'clone':
      return error === os.errno.EINVAL
        ? 'this kernel cannot copy a mount that has no place (Linux 6.15): attach it without clone, and bind from there'
        : undefined;
    case 'check source':
      return `${source === null ? 'the source' : printable(source)} is not a mount point, and only a mount can be moved: name one`;
    case 'choose beneath':
      return 'this kernel cannot attach a mount beneath another (Linux 6.5): unmount what is at the target first, which leaves a gap';
    case 'check what is above':
      return `the target ${target === undefined ? '' : targetInWords(target)} is not a mount point, and beneath needs a mount to go below: do without it`;
    case 'make a namespace':
      return 'a filesystem cannot be changed here: fspick(2) is missing (Linux 5.2) or denied by a seccomp filter, and without it a mount namespace is needed, which cannot be made: allow one of them';
    case 'set attributes of a hidden mount':
      return 'a mount below it is hidden by another, so that no path leads to it: without mount_setattr(2) (Linux 5.12) its attributes cannot be changed';
    case 'check data':
      return 'the parameters need a page or more as one option string, and this kernel or sandbox has no fsopen(2), which takes them one by one: give fewer or shorter ones';
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

/** Makes the error of an operation that failed. Examines the paths of the operation where the failed step alone gives no reason. */
export function* operationError(failure: Failure, about: OperationCase): Steps<MountError> {
  const { error: errno, syscall, step, log } = failure;
  const { source, target, fsType, flags } = about;
  const path = target === undefined ? undefined : pathOfTarget(target);
  return new MountError({
    errno,
    syscall,
    step,
    ...(source === null ? { path } : { path: source, dest: path }),
    fsType: fsType ?? undefined,
    flags: flags === 0 ? undefined : mountFlagNames(flags),
    kernelLog: log === null ? undefined : log.toString().trimEnd(),
    reason: reasonOfOperationStep(failure, about) ?? (yield* examinedReason(failure, about)),
    left: target === undefined ? undefined : leftAt(target, failure),
  });
}

function* examinedReason(failure: Failure, about: OperationCase): Steps<string | undefined> {
  const call = asMount(about);
  const { target = NOWHERE, namespace } = about;
  const examination = yield* ask(native.examine, { ...mountQuestions(call), ...surroundingsOf({ target, namespace }) });
  return isFailure(examination)
    ? undefined
    : mountReason(failure, call, examination, inUserNamespace(), targetOf(about));
}

/** Makes an error of a target where something else is mounted than what was to be reused. */
export function notTheSame(about: OperationCase, reason: string): MountError {
  const { source, target, fsType } = about;
  const path = target === undefined ? undefined : pathOfTarget(target);
  return new MountError({
    errno: os.errno.EBUSY,
    syscall: 'mount',
    step: 'check target',
    ...(source === null ? { path } : { path: source, dest: path }),
    fsType: fsType ?? undefined,
    reason,
  });
}

/** What a failed operation has left at its target, for `left` of the error: a mount, and what was made to mount it on. */
export function leftAt(target: NativeTarget, { left, leftMade = null }: Failure): string[] | undefined {
  const mount = left ? [printable(pathOfTarget(target))] : [];
  const made = leftMade === null ? [] : [printable(pathOfTarget({ ...target, path: leftMade.subarray(2) }))];
  return left || leftMade !== null ? [...mount, ...made] : undefined;
}
