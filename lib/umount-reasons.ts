import { constants as os } from 'node:os';
import type { Bytes } from './arguments.js';
import { busyReason } from './busy-reason.js';
import { constants } from './constants.js';
import { printable } from './errors.js';
import {
  type Examination,
  type ExamineArguments,
  type Failure,
  type HoldersScan,
  isFailure,
  type UmountFailure,
} from './native.js';
import { COMMON_RULES, notPermitted, reasonOfStep } from './reason-common.js';
import { circumstancesOf, listed, QUESTION_FILES } from './reason-facts.js';
import { type Rule, reasonBy } from './reason-rules.js';
import { pathOfTarget } from './target.js';
import { targetReasonOfStep } from './target-reasons.js';
import type { UmountPlan } from './umount-options.js';
import { UMOUNT_RULES, type UmountCase } from './umount-rules.js';
import type { UmountEnd } from './umount-run.js';

/** Why an umount failed, where the failed step tells; undefined where what it depends on must be examined. */
export function umountReasonOfStep(
  { failure, flags }: UmountEnd,
  { id, target, namespace }: UmountPlan,
): string | undefined {
  const { mountId, step, error } = failure;
  if (mountId !== 0n) {
    return (
      `mount ${id} is no longer the one at this path, mount ${mountId} is; it was moved, taken down or mounted ` +
      'over by someone else, and a handle takes down only what it put up'
    );
  }
  // And nothing more is asked: to look at the mount is to use it, and takes the mark away (fs/namespace.c, mntput).
  if (error === os.errno.EAGAIN && (flags & constants.MNT_EXPIRE) !== 0) {
    return 'the mount is marked now and still there: the next call with expire takes it down, unless it is used in between';
  }
  if (step === 'identify' && failure.other !== null && error === os.errno.EBUSY) {
    return `at ${printable(failure.other)} others mount and unmount at the same time`;
  }
  return targetReasonOfStep(failure, target, namespace) ?? reasonOfStep(failure);
}

/** Where it failed: of several mounts one, by its own mount point. */
function failedPlace(failure: Failure, { target, recursive, stack }: UmountPlan): Bytes {
  const path = pathOfTarget(target);
  return recursive || stack ? (failure.other ?? path) : path;
}

/** What to examine, and the mount whose holders to look for; null where that is of no use. */
export function umountQuestions(
  end: UmountEnd,
  plan: UmountPlan,
): { readonly examine: ExamineArguments | null; readonly scan: Bytes | null } {
  if (umountReasonOfStep(end, plan) !== undefined) return { examine: null, scan: null };
  const place = failedPlace(end.failure, plan);
  // Who holds a mount is looked for among the processes, by a mount of this namespace.
  const isBusy = end.failure.error === os.errno.EBUSY && end.failure.step === 'unmount' && plan.namespace === null;
  return { examine: [[place], QUESTION_FILES, null, null], scan: isBusy ? place : null };
}

/** Why an umount failed, by what was found. Nothing is looked up. */
export function umountReason(
  { failure, flags }: UmountEnd,
  plan: UmountPlan,
  examination: Examination,
  inUserNamespace: boolean,
  scan: HoldersScan | Failure | null,
): string {
  const [facts] = examination.paths;
  if (facts === undefined) throw new TypeError('the failed place was not examined');
  const target = { name: printable(failedPlace(failure, plan)), facts };
  return reasonBy<UmountCase>(RULES, {
    failure,
    circumstances: circumstancesOf(examination),
    fsType: null,
    inUserNamespace,
    paths: [target],
    target,
    flags,
    busy: scan === null ? null : isFailure(scan) ? GONE : busyReason(scan),
  });
}

const GONE = 'it was in use, and is not there any more: somebody else has taken it down meanwhile';

const RULES: readonly Rule<UmountCase>[] = [...COMMON_RULES, ...UMOUNT_RULES, notPermitted];

/** What several mounts came to, in words: which are down. Undefined where it was about one. */
export function progressInWords({ down }: UmountFailure): string | undefined {
  if (down === undefined || down.length === 0) return undefined;
  return `${listed(down.map(printable))} ${down.length > 1 ? 'are' : 'is'} down`;
}
