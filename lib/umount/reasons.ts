import { constants as os } from 'node:os';
import { targetInWords } from '../arguments/target.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { constants } from '../kernel/constants.js';
import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../kernel/examine.js';
import {
  type Examination,
  type Failure,
  type HoldersScan,
  isFailure,
  type PathFacts,
  type UmountFailure,
} from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { COMMON_RULES, notPermitted } from '../reasons/common.js';
import { circumstancesOf, listed, QUESTION_FILES } from '../reasons/facts.js';
import { type Rule, reasonBy } from '../reasons/rule.js';
import { targetReasonOfStep } from '../reasons/target.js';
import type { UmountEnd } from './attempts.js';
import { busyReason } from './busy-reason.js';
import type { UmountPlan } from './options.js';
import { UMOUNT_RULES, type UmountCase } from './rules.js';

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

/** Where it failed, of several mounts: one of them, by its own mount point. Null where it was the target. */
function failedMount(failure: Failure, { recursive, stack }: UmountPlan): Bytes | null {
  return recursive || stack ? failure.other : null;
}

/** What to examine. */
export function umountQuestions(end: UmountEnd, plan: UmountPlan): ExamineArguments {
  // A target in a root is looked up in there.
  return examineArguments([failedMount(end.failure, plan) ?? plan.target.path], QUESTION_FILES);
}

/** The mount whose holders to look for, when it has been examined; null where that is of no use. */
export function busyMount({ failure }: UmountEnd, plan: UmountPlan, examination: Examination): Bytes | null {
  // Who holds a mount is looked for among the processes, by a mount of this namespace.
  const isBusy = failure.error === os.errno.EBUSY && failure.step === 'unmount' && plan.namespace === null;
  if (!isBusy) return null;
  const { path, root } = plan.target;
  const one = failedMount(failure, plan) ?? (root === null ? path : null);
  if (one !== null) return one;
  // A link in the root would lead out of it here, so that it is the place that was found in there, without links.
  const [facts] = examination.paths;
  return facts?.error === 0 ? facts.path : null;
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
  const one = failedMount(failure, plan);
  const target = { name: one === null ? targetInWords(plan.target) : printable(one), facts };
  return reasonBy<UmountCase>(RULES, {
    failure,
    circumstances: circumstancesOf(examination),
    fsType: null,
    inUserNamespace,
    paths: [target],
    target,
    flags,
    busy: busyInWords(facts, scan),
  });
}

function busyInWords(facts: PathFacts, scan: HoldersScan | Failure | null): string | null {
  if (scan === null) return null;
  if (!isFailure(scan)) {
    const isThis = facts.error !== 0 || facts.mountId === scan.mountId;
    return isThis ? busyReason(scan) : 'it was in use, and another mount is in its place by now';
  }
  // Nothing is mounted there, or there is nothing.
  if (scan.error === os.errno.EINVAL || scan.error === os.errno.ENOENT) {
    return 'it was in use, and is not there any more: somebody else has taken it down meanwhile';
  }
  const { name, message } = describeErrno(scan.error);
  return `it is in use, and who holds it could not be looked for (${name}: ${message})`;
}

const RULES: readonly Rule<UmountCase>[] = [...COMMON_RULES, ...UMOUNT_RULES, notPermitted];

/** What several mounts came to, in words: which are down. Undefined where it was about one. */
export function progressInWords({ down }: UmountFailure): string | undefined {
  if (down === undefined || down.length === 0) return undefined;
  return `${listed(down.map(printable))} ${down.length > 1 ? 'are' : 'is'} down`;
}
