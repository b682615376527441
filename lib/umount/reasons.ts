// Explains a failed umount from the failed step, or from an examination and a search for holders.
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
import { circumstancesOf, QUESTION_FILES } from '../reasons/circumstances.js';
import { COMMON_RULES, notPermitted } from '../reasons/common-rules.js';
import { listed } from '../reasons/examined-path.js';
import { findReason, type Rule } from '../reasons/find-reason.js';
import { targetReasonOfStep } from '../reasons/step-reasons.js';
import type { UmountEnd } from './attempts.js';
import { busyReason } from './busy-reason.js';
import type { UmountPlan } from './options.js';
import { UMOUNT_RULES, type UmountCase } from './rules.js';

/** Explains a failed umount by its failed step; undefined if only an examination can find the reason. */
export function umountReasonOfStep(
  { failure, flags }: UmountEnd,
  { id, target, namespace }: UmountPlan,
): string | undefined {
  const { mountId, step, error } = failure;
  if (mountId !== 0n) {
    return (
      `the mount at this path is mount ${mountId} and no longer mount ${id}, which was moved, unmounted or covered by ` +
      'another process: unmount the mount at this path with umount(), because a handle unmounts only its own mount'
    );
  }
  // An examination would use the mount, and the kernel would clear the expiry mark: fs/namespace.c, mntput.
  if (error === os.errno.EAGAIN && (flags & constants.MNT_EXPIRE) !== 0) {
    return 'the mount is marked as expired and still mounted: call umount with expire again to unmount it, unless a process uses it in between';
  }
  if (step === 'identify' && failure.other !== null && error === os.errno.EBUSY) {
    return `other processes mount or unmount at ${printable(failure.other)} at the same time: try again when they are done`;
  }
  return targetReasonOfStep(failure, target, namespace) ?? reasonOfStep(failure);
}

/** The mount point of the mount that could not be unmounted, if the call unmounts several mounts; otherwise null. */
function failedMount(failure: Failure, { recursive, stack }: UmountPlan): Bytes | null {
  return recursive || stack ? failure.other : null;
}

/** Lists the paths and files to examine after a failed umount. */
export function umountQuestions(end: UmountEnd, plan: UmountPlan): ExamineArguments {
  return examineArguments([failedMount(end.failure, plan) ?? plan.target.path], QUESTION_FILES);
}

/** The path of the busy mount whose holders to search for; null if a search cannot find holders. */
export function busyMount({ failure }: UmountEnd, plan: UmountPlan, examination: Examination): Bytes | null {
  // The search compares mount IDs of this mount namespace with the files of processes, and finds nothing for a mount of
  // another namespace.
  const isBusy = failure.error === os.errno.EBUSY && failure.step === 'unmount' && plan.namespace === null;
  if (!isBusy) return null;
  const { path, root } = plan.target;
  const one = failedMount(failure, plan) ?? (root === null ? path : null);
  if (one !== null) return one;
  // The search takes no root directory, so a target in a root is given by its examined path, which has no symbolic
  // links.
  const [facts] = examination.paths;
  return facts?.error === 0 ? facts.path : null;
}

/** Explains a failed umount by the facts of an examination and of a search for holders. */
export function umountReason(
  { failure, flags }: UmountEnd,
  plan: UmountPlan,
  examination: Examination,
  inUserNamespace: boolean,
  scan: HoldersScan | Failure | null,
): string {
  const [facts] = examination.paths;
  if (facts === undefined) throw new TypeError('umountReason() needs an examination of the failed mount point');
  const one = failedMount(failure, plan);
  const target = { name: one === null ? targetInWords(plan.target) : printable(one), facts };
  return findReason<UmountCase>(RULES, {
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
    return isThis
      ? busyReason(scan)
      : 'the mount was in use, and another mount has replaced it since: call umount again to unmount the other mount';
  }
  // EINVAL means that the path is no longer a mount point, and ENOENT that the path no longer exists.
  if (scan.error === os.errno.EINVAL || scan.error === os.errno.ENOENT) {
    return 'the mount was in use, and another process has unmounted it since: there is nothing left to unmount';
  }
  const { name, message } = describeErrno(scan.error);
  return `the mount is in use, and the search for its holders failed (${name}: ${message}): call holders() to search again`;
}

const RULES: readonly Rule<UmountCase>[] = [...COMMON_RULES, ...UMOUNT_RULES, notPermitted];

/** Names the mounts that a call for several mounts has unmounted before its failure; undefined if there are none. */
export function progressInWords({ down }: UmountFailure): string | undefined {
  if (down === undefined || down.length === 0) return undefined;
  return `${listed(down.map(printable))} ${down.length > 1 ? 'are' : 'is'} unmounted`;
}
