import { constants as os } from 'node:os';
import { mountFlagNames } from './constants.js';
import { MountError } from './errors.js';
import { type Examination, type Failure, isFailure } from './native.js';
import { inUserNamespace, type OverlayPlan } from './overlay-plan.js';
import { overlayReason, overlayReasonOfStep } from './overlay-reasons.js';
import { leftAt } from './target.js';

/**
 * Makes an error of an overlay that could not be mounted.
 *
 * @param examination what its inputs are like; null where that was not asked, as the failed step says why
 */
export function overlayFailure(
  failure: Failure,
  plan: OverlayPlan,
  examination: Examination | Failure | null,
): MountError {
  const { error: errno, syscall, step, log } = failure;
  const isExamined = examination !== null && !isFailure(examination);
  return new MountError({
    errno,
    syscall,
    step,
    path: plan.source,
    dest: plan.detached ? undefined : plan.target,
    fsType: 'overlay',
    flags: mountFlagNames(plan.flags),
    kernelLog: log === null ? undefined : log.toString().trimEnd(),
    reason: isExamined
      ? overlayReason(failure, plan, examination, inUserNamespace())
      : overlayReasonOfStep(failure, plan),
    left: leftAt(plan.at, failure),
  });
}

/** Makes an error of a target where something else is mounted than what was to be reused. */
export function notTheSame(plan: OverlayPlan, reason: string): MountError {
  return new MountError({
    errno: os.errno.EBUSY,
    syscall: 'mount',
    step: 'check target',
    path: plan.source,
    dest: plan.target,
    fsType: 'overlay',
    flags: mountFlagNames(plan.flags),
    reason,
  });
}

/** Whether the step that failed does not say why by itself. */
export function needsExamination(failure: Failure, plan: OverlayPlan): boolean {
  return overlayReasonOfStep(failure, plan) === undefined;
}
