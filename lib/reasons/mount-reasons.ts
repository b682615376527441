import { reasonOfStep } from '../kernel/call-reasons.js';
import { constants } from '../kernel/constants.js';
import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../kernel/examine.js';
import { type ArgumentsOf, type Examination, type Failure, type PathFacts, pageSize } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { COMMON_RULES, notPermitted } from './common.js';
import { type Circumstances, circumstancesOf, type Looked, QUESTION_FILES } from './facts.js';
import type { MountCase } from './mount-rules.js';
import { MOUNT_RULES } from './mount-rules.js';
import { type Rule, reasonBy } from './rule.js';

type MountArguments = ArgumentsOf<'mount'>;

const { MS_BIND, MS_MOVE, MS_REMOUNT, MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE } = constants;
const PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

/** Why a mount failed, where the failed step tells; undefined where what it depends on must be examined. */
export function mountReasonOfStep(failure: Failure, { data, cwd }: MountArguments): string | undefined {
  if (failure.step === 'cwd' && cwd !== null) {
    const { name, message } = describeErrno(failure.error);
    return `the directory options.cwd ${printable(cwd)} cannot be entered (${name}: ${message}): give one that exists and may be searched`;
  }
  if (failure.step === 'check data' && data !== null) {
    return (
      `the option data has ${Buffer.byteLength(data) + 1} bytes with its final NUL, and mount(2) reads only one ` +
      `page of ${pageSize}; the rest would be cut off`
    );
  }
  return reasonOfStep(failure);
}

/** What to examine. */
export function mountQuestions(call: MountArguments): ExamineArguments {
  const { source, target, cwd } = call;
  const paths: Bytes[] = source !== null && isPath(call) ? [target, source] : [target];
  return { ...examineArguments(paths, QUESTION_FILES), cwd };
}

/**
 * Why a mount failed, by what was found. Nothing is looked up.
 *
 * @param about what is said of the target, and whether it was made for this and so is away again by now
 */
export function mountReason(
  failure: Failure,
  call: MountArguments,
  examination: Examination,
  inUserNamespace: boolean,
  about: { readonly target: string; readonly isMade: boolean } = {
    target: printable(call.target),
    isMade: false,
  },
): string {
  const { source, fsType, flags, data } = call;
  const [targetFacts, sourceFacts] = examination.paths as [PathFacts, PathFacts | undefined];
  const looked: Looked = { name: `the target ${about.target}`, facts: targetFacts };
  const from: Looked | null =
    sourceFacts === undefined || source === null
      ? null
      : { name: `the source ${printable(source)}`, facts: sourceFacts };
  const circumstances = circumstancesOf(examination);
  return reasonBy<MountCase>(RULES, {
    failure,
    circumstances,
    fsType: isOfType(flags) ? (fsType?.toString() ?? null) : null,
    inUserNamespace,
    paths: [from !== null && mustLead(call, circumstances) ? from : [], about.isMade ? [] : looked].flat(),
    target: looked,
    source: from,
    flags,
    hasData: data !== null,
  });
}

const RULES: readonly Rule<MountCase>[] = [...COMMON_RULES, ...MOUNT_RULES, notPermitted];

/** Whether a filesystem of a type is mounted, not a mount that is there used or changed. */
function isOfType(flags: number): boolean {
  return (flags & (MS_BIND | MS_MOVE | MS_REMOUNT | PROPAGATION)) === 0;
}

// A name of a tmpfs or the like is no path; of a filesystem on a device it is.
function isPath({ source, fsType, flags }: MountArguments): boolean {
  if (source === null || (flags & MS_REMOUNT) !== 0) return false;
  return (flags & (MS_BIND | MS_MOVE)) !== 0 || (source.length > 0 && isOfType(flags) && fsType !== null);
}

function mustLead({ fsType, flags }: MountArguments, { devices }: Circumstances): boolean {
  if (!isOfType(flags)) return true;
  return devices?.has(fsType?.toString() ?? '') ?? false;
}
