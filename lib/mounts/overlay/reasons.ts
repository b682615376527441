// Finds the reason why an overlay could not be mounted, and makes the error.
import { pathOfTarget } from '../../arguments/target.js';
import { reasonOfStep } from '../../kernel/call-reasons.js';
import { mountFlagNames } from '../../kernel/constants.js';
import { describeErrno } from '../../kernel/errno.js';
import { type MountError, printable } from '../../kernel/errors.js';
import { type Examination, type Failure, isFailure, native, pageSize } from '../../kernel/native.js';
import { inUserNamespace } from '../../kernel/user-namespace.js';
import type { NativeNamespace } from '../../kernel/words.js';
import { ask, type Steps } from '../../operation/driver.js';
import { COMMON_RULES, notPermitted } from '../../reasons/common-rules.js';
import { isDirectory, kindOf, unreachable } from '../../reasons/examined-path.js';
import { findReason, type Rule } from '../../reasons/find-reason.js';
import { idMapReasonOfStep, targetReasonOfStep } from '../../reasons/step-reasons.js';
import { type ErrorNames, failureError, otherMountError } from '../failure.js';
import type { OverlayCase } from './case.js';
import { overlayFacts, overlayQuestions } from './case.js';
import { DIRECTORY_RULES } from './directory-rules.js';
import { SHARING_RULES, STACK_RULES } from './layer-rules.js';
import { CERTAIN_OPTION_RULES, REMAINING_OPTION_RULES } from './option-rules.js';
import type { OverlayPlan } from './plan.js';

/**
 * Returns the reason that follows from the failed step alone; undefined if the addon has to examine the directories.
 */
export function overlayReasonOfStep(
  failure: Failure,
  { data, target, namespace, lower, idMaps }: OverlayPlan,
): string | undefined {
  const { error, step, other } = failure;
  switch (step) {
    case 'check data':
      return data === null
        ? `the descriptor numbers of the layers need more than the page of ${pageSize} bytes that mount(2) takes: leave strategy out, or merge layers into one directory`
        : `the option data has ${Buffer.byteLength(data) + 1} bytes with its final NUL, and mount(2) takes at most a page ` +
            `of ${pageSize} bytes: leave strategy out, or give fewer or shorter paths`;
    case 'check target':
      return "the target is already a mount point: unmount the mount at the target, or give ifMounted: 'stack'";
    case 'check upper':
      return (
        `the overlay mounted at ${other === null ? 'an unknown path' : printable(other)} has the same upper or work directory: ` +
        'unmount that overlay, or give another upper and work'
      );
    case 'look for upper': {
      const { name, message } = describeErrno(error);
      return `the search for another overlay with the same upper directory failed (${name}: ${message}): try again, or give allowSharedUpper: true`;
    }
    case 'lock upper':
      return 'another process holds a lock on the upper directory (flock(2)): try again when that process has released the lock';
    default:
      if (error === OPEN_TOO_MANY) return tooManyOpen(failure);
      return (
        targetReasonOfStep(failure, target, namespace) ??
        idMapReasonOfStep(failure, lower[failure.index] ?? null, userNamespaceOf(idMaps, failure.index)) ??
        reasonOfStep(failure)
      );
  }
}

// `idMaps` has three words for each idmapped layer: its index, and either the file of a user namespace and '', or the
// lines of uid_map and of gid_map.
function userNamespaceOf(idMaps: OverlayPlan['idMaps'], index: number): NativeNamespace {
  const at = idMaps.findIndex((word, position) => position % 3 === 0 && word === String(index));
  return at >= 0 && idMaps[at + 2] === '' ? (idMaps[at + 1] ?? null) : null;
}

/** Returns the reason that follows from the examination of the directories and of /proc. Makes no system call. */
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
  // `failure.index` identifies the directory that could not be opened. The path of that directory may lead to another
  // file by now.
  if (failed !== undefined && failed.facts.error === 0 && !isDirectory(failed.facts)) {
    return `${failed.name} is ${kindOf(failed.facts)}, not a directory: give a directory`;
  }
  if (failed !== undefined && failed.facts.error !== failure.error) return unreachable([failed.name], failure.error);
  return findReason<OverlayCase>(RULES, {
    ...facts,
    failure,
    plan,
    fsType: 'overlay',
    inUserNamespace,
    directories,
    // After a failure the addon removes a target that it created, so an examination of this target would find nothing.
    paths: plan.target.create === 0 ? [...directories, target] : directories,
  });
}

// Rules for certain causes precede rules for likely causes.
const RULES: readonly Rule<OverlayCase>[] = [
  ...COMMON_RULES,
  ...DIRECTORY_RULES,
  ...SHARING_RULES,
  ...CERTAIN_OPTION_RULES,
  ...STACK_RULES,
  ...REMAINING_OPTION_RULES,
  notPermitted,
];

// The error number EMFILE: asm-generic/errno-base.h.
const OPEN_TOO_MANY = 24;

function tooManyOpen({ step }: Failure): string {
  const why = step === 'open layer' ? ', and needs a descriptor for each layer while the overlay is mounted' : '';
  return `this process has reached its limit of open files${why}: raise RLIMIT_NOFILE (ulimit -n), or close files`;
}

/**
 * Makes the error of an overlay that could not be mounted. Examines the directories if the failed step gives no reason.
 */
export function* overlayError(failure: Failure, plan: OverlayPlan): Steps<MountError> {
  const reason = overlayReasonOfStep(failure, plan) ?? (yield* examinedReason(failure, plan));
  return failureError(failure, namesOf(plan), reason);
}

function* examinedReason(failure: Failure, plan: OverlayPlan): Steps<string | undefined> {
  const examination = yield* ask(native.examine, overlayQuestions(plan));
  return isFailure(examination) ? undefined : overlayReason(failure, plan, examination, inUserNamespace());
}

/** Makes the error for a target with another mount than the overlay that the caller wants to reuse. */
export function notTheSame(plan: OverlayPlan, reason: string): MountError {
  return otherMountError(namesOf(plan), reason);
}

function namesOf({ source, target, flags, detached }: OverlayPlan): ErrorNames {
  const dest = detached ? undefined : pathOfTarget(target);
  return { path: source, dest, fsType: 'overlay', flags: mountFlagNames(flags), target };
}
