import { describeErrno } from './errno.js';
import { printable } from './errors.js';
import { idMapReasonOfStep } from './idmap-reasons.js';
import type { NamespaceWord } from './namespace.js';
import { type Examination, type Failure, pageSize } from './native.js';
import { DIRECTORY_RULES } from './overlay-directory-rules.js';
import { OPTION_RULES } from './overlay-option-rules.js';
import type { OverlayPlan } from './overlay-plan.js';
import { overlayFacts } from './overlay-questions.js';
import type { OverlayCase } from './overlay-rule.js';
import { SHARING_RULES } from './overlay-sharing-rules.js';
import { STACK_RULES } from './overlay-stack-rules.js';
import { COMMON_RULES, notPermitted, reasonOfStep } from './reason-common.js';
import { isDirectory, kindOf, unreachable } from './reason-facts.js';
import { type Rule, reasonBy } from './reason-rules.js';
import { targetReasonOfStep } from './target-reasons.js';

/** Why an overlay could not be mounted, where the failed step tells; undefined where its inputs must be examined. */
export function overlayReasonOfStep(
  failure: Failure,
  { data, at, namespace, lower, idMaps }: OverlayPlan,
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
        targetReasonOfStep(failure, at, namespace) ??
        idMapReasonOfStep(failure, lower[failure.index] ?? null, userNamespaceOf(idMaps, failure.index)) ??
        reasonOfStep(failure)
      );
  }
}

// Of each layer that has one: its index, and the file of a user namespace and '', or two texts of lines.
function userNamespaceOf(idMaps: OverlayPlan['idMaps'], index: number): NamespaceWord {
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
    paths: plan.at[2] === 0 ? [...directories, target] : directories,
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
