import { constants as os } from 'node:os';
import { pathOfTarget } from '../../arguments/target.js';
import { reasonOfStep } from '../../kernel/call-reasons.js';
import { mountFlagNames } from '../../kernel/constants.js';
import { describeErrno } from '../../kernel/errno.js';
import { MountError, printable } from '../../kernel/errors.js';
import { type Examination, type Failure, isFailure, native, pageSize } from '../../kernel/native.js';
import { inUserNamespace } from '../../kernel/user-namespace.js';
import type { NativeNamespace } from '../../kernel/words.js';
import { ask, type Steps } from '../../operation/driver.js';
import { COMMON_RULES, notPermitted } from '../../reasons/common.js';
import { isDirectory, kindOf, unreachable } from '../../reasons/facts.js';
import { idMapReasonOfStep } from '../../reasons/idmap.js';
import { type Rule, reasonBy } from '../../reasons/rule.js';
import { targetReasonOfStep } from '../../reasons/target.js';
import { leftAt } from '../failure.js';
import type { OverlayCase } from './case.js';
import { overlayFacts, overlayQuestions } from './case.js';
import { DIRECTORY_RULES } from './directory-rules.js';
import { SHARING_RULES, STACK_RULES } from './layer-rules.js';
import { OPTION_RULES } from './option-rules.js';
import type { OverlayPlan } from './plan.js';

/** Why an overlay could not be mounted, where the failed step tells; undefined where its inputs must be examined. */
export function overlayReasonOfStep(
  failure: Failure,
  { data, target, namespace, lower, idMaps }: OverlayPlan,
): string | undefined {
  const { error, step, other } = failure;
  switch (step) {
    case 'check data':
      return data === null
        ? `the numbers of the layers' descriptors need more than the one page of ${pageSize} that mount(2) reads`
        : `the option data has ${Buffer.byteLength(data) + 1} bytes with its final NUL, and mount(2) reads only one ` +
            `page of ${pageSize}; the rest would be cut off`;
    case 'check target':
      return "the target is a mount point already: unmount it first, or ask for ifMounted: 'stack'";
    case 'check upper':
      return (
        `the overlay mounted at ${other === null ? 'another place' : printable(other)} has the same upper or work directory: ` +
        'unmount it first, or give this one directories of its own'
      );
    case 'look for upper': {
      const { name, message } = describeErrno(error);
      return `whether another overlay has the same upper directory could not be found out (${name}: ${message}): try again, or ask for allowSharedUpper`;
    }
    case 'lock upper':
      return 'another process holds a lock (flock) on the upper directory: wait until it is done';
    default:
      if (error === OPEN_TOO_MANY) return tooManyOpen(failure);
      return (
        targetReasonOfStep(failure, target, namespace) ??
        idMapReasonOfStep(failure, lower[failure.index] ?? null, userNamespaceOf(idMaps, failure.index)) ??
        reasonOfStep(failure)
      );
  }
}

// Of each layer that has one: its index, and the file of a user namespace and '', or two texts of lines.
function userNamespaceOf(idMaps: OverlayPlan['idMaps'], index: number): NativeNamespace {
  const at = idMaps.findIndex((word, position) => position % 3 === 0 && word === String(index));
  return at >= 0 && idMaps[at + 2] === '' ? (idMaps[at + 1] ?? null) : null;
}

/** Why an overlay could not be mounted, by what was found at its directories and in /proc. Nothing is looked up. */
export function overlayReason(
  failure: Failure,
  plan: OverlayPlan,
  examination: Examination,
  inUserNamespace: boolean,
): string {
  const facts = overlayFacts(plan, examination);
  const { target, layers, upper, work } = facts;
  const directories = [...layers, ...[upper, work].filter((one) => one !== null)];
  const failed = failure.step === 'open layer' ? directories[failure.index] : undefined;
  // The directory that could not be opened is known, though it may be another by now.
  if (failed !== undefined && failed.facts.error === 0 && !isDirectory(failed.facts)) {
    return `${failed.name} is ${kindOf(failed.facts)}, not a directory: give a directory`;
  }
  if (failed !== undefined && failed.facts.error !== failure.error) return unreachable([failed.name], failure.error);
  return reasonBy<OverlayCase>(RULES, {
    ...facts,
    failure,
    plan,
    fsType: 'overlay',
    inUserNamespace,
    directories,
    // A target that was made is away again by now.
    paths: plan.target.create === 0 ? [...directories, target] : directories,
  });
}

// What is sure comes before what remains when all else is ruled out.
const RULES: readonly Rule<OverlayCase>[] = [
  ...COMMON_RULES,
  ...DIRECTORY_RULES,
  ...SHARING_RULES,
  ...OPTION_RULES.certain,
  ...STACK_RULES,
  ...OPTION_RULES.remaining,
  notPermitted,
];

// EMFILE: asm-generic/errno-base.h
const OPEN_TOO_MANY = 24;

function tooManyOpen({ step }: Failure): string {
  const what = step === 'open layer' ? 'Each layer takes a descriptor while the overlay is mounted' : 'None was left';
  return `this process has as many open files as it may: raise RLIMIT_NOFILE (ulimit -n), or close some. ${what}`;
}

/** Makes the error of an overlay that could not be mounted. Examines its directories where the failed step alone gives no reason. */
export function* overlayError(failure: Failure, plan: OverlayPlan): Steps<MountError> {
  const { error: errno, syscall, step, log } = failure;
  return new MountError({
    errno,
    syscall,
    step,
    path: plan.source,
    dest: plan.detached ? undefined : pathOfTarget(plan.target),
    fsType: 'overlay',
    flags: mountFlagNames(plan.flags),
    kernelLog: log === null ? undefined : log.toString().trimEnd(),
    reason: overlayReasonOfStep(failure, plan) ?? (yield* examinedReason(failure, plan)),
    left: leftAt(plan.target, failure),
  });
}

function* examinedReason(failure: Failure, plan: OverlayPlan): Steps<string | undefined> {
  const examination = yield* ask(native.examine, overlayQuestions(plan));
  return isFailure(examination) ? undefined : overlayReason(failure, plan, examination, inUserNamespace());
}

/** Makes an error of a target where something else is mounted than what was to be reused. */
export function notTheSame(plan: OverlayPlan, reason: string): MountError {
  return new MountError({
    errno: os.errno.EBUSY,
    syscall: 'mount',
    step: 'check target',
    path: plan.source,
    dest: pathOfTarget(plan.target),
    fsType: 'overlay',
    flags: mountFlagNames(plan.flags),
    reason,
  });
}
