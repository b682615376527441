import { constants as os } from 'node:os';
import { pathOfTarget, targetInWords } from '../arguments/target.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { mountFlagNames } from '../kernel/constants.js';
import { MountError, printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import * as native from '../kernel/native.js';
import { inUserNamespace } from '../kernel/user-namespace.js';
import type { Bytes, NamespaceWord, TargetWords } from '../kernel/words.js';
import { mountQuestions, mountReason } from '../reasons/mount-reasons.js';
import { idMapReasonOfStep, targetReasonOfStep } from '../reasons/step-reasons.js';

/**
 * What an operation on one mount is like, for its reasons: the call of mount(2) that would do the same, since what may be
 * wrong is the same.
 */
export interface OperationCase {
  readonly source: Bytes | null;
  /** Undefined for what has no place. */
  readonly target: TargetWords | undefined;
  /** Of a move, where from: a failure with index 0 is about that, not about the target. */
  readonly from?: TargetWords;
  readonly fsType: string | null;
  /** `MS_BIND` and the like. */
  readonly flags: number;
  /** The attributes that a change does not take away, likewise: they cannot be what is wrong with it. */
  readonly kept?: number;
  readonly hasData: boolean;
  readonly namespace: NamespaceWord;
  /** Whose map of ids was asked for, if it was there. */
  readonly userNamespace?: NamespaceWord;
}

/** Why it failed, where the failed step tells; undefined where what it depends on must be examined. */
function reasonOfOperationStep(
  failure: native.Failure,
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

function asMount({ source, target, fsType, flags, kept = 0, hasData }: OperationCase): native.MountArguments {
  return [source, target?.[0] ?? '/', fsType, flags | kept, hasData ? '' : null, null, false];
}

function targetOf({ target }: OperationCase): { target: string; isMade: boolean } | undefined {
  return target === undefined ? undefined : { target: targetInWords(target), isMade: target[2] !== 0 };
}

/** What to examine after a failure; null where the failed step says why. */
export function operationQuestions(failure: native.Failure, about: OperationCase): native.ExamineArguments | null {
  return reasonOfOperationStep(failure, about) === undefined ? mountQuestions(asMount(about)) : null;
}

/** Makes an error of an operation that failed. */
export function operationError(
  failure: native.Failure,
  about: OperationCase,
  examination: native.Examination | native.Failure | null,
): MountError {
  const { error: errno, syscall, step, log } = failure;
  const { source, target, fsType, flags } = about;
  const path = target === undefined ? undefined : pathOfTarget(target);
  const isExamined = examination !== null && !native.isFailure(examination);
  return new MountError({
    errno,
    syscall,
    step,
    ...(source === null ? { path } : { path: source, dest: path }),
    fsType: fsType ?? undefined,
    flags: flags === 0 ? undefined : mountFlagNames(flags),
    kernelLog: log === null ? undefined : log.toString().trimEnd(),
    reason: isExamined
      ? mountReason(failure, asMount(about), examination, inUserNamespace(), targetOf(about))
      : reasonOfOperationStep(failure, about),
    left: target === undefined ? undefined : leftAt(target, failure),
  });
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
export function leftAt(target: TargetWords, { left, leftMade = null }: Failure): string[] | undefined {
  const mount = left ? [printable(pathOfTarget(target))] : [];
  const made = leftMade === null ? [] : [printable(pathOfTarget([leftMade.subarray(2), target[1], 0, 0]))];
  return left || leftMade !== null ? [...mount, ...made] : undefined;
}
