// Explains a failed mount(2), or an operation that does the same, from the failed step or from an examination.
import { PROPAGATION_FLAGS } from '../arguments/propagation.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { constants } from '../kernel/constants.js';
import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../kernel/examine.js';
import { type ArgumentsOf, type Examination, type Failure, type PathFacts, pageSize } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { type Circumstances, circumstancesOf, QUESTION_FILES } from './circumstances.js';
import { COMMON_RULES, notPermitted } from './common-rules.js';
import type { ExaminedPath } from './examined-path.js';
import { findReason, type Rule } from './find-reason.js';
import { MOUNT_RULES, type MountCase } from './mount-rules.js';

type MountArguments = ArgumentsOf<'mount'>;

const { MS_BIND, MS_MOVE, MS_REMOUNT } = constants;

/** Explains a failed mount(2) by its failed step; undefined if only an examination can find the reason. */
export function mountReasonOfStep(failure: Failure, { data, cwd }: MountArguments): string | undefined {
  if (failure.step === 'cwd' && cwd !== null) {
    const { name, message } = describeErrno(failure.error);
    return `the directory options.cwd ${printable(cwd)} cannot be entered (${name}: ${message}): give a directory that exists and that this process may search`;
  }
  if (failure.step === 'check data' && data !== null) {
    return (
      `the option data has ${Buffer.byteLength(data) + 1} bytes with its final NUL, and mount(2) reads only one page of ` +
      `${pageSize} bytes: give fewer or shorter options, or use mountFilesystem with the strategy 'fsconfig'`
    );
  }
  return reasonOfStep(failure);
}

/** Lists the paths and files to examine after a failed mount(2). */
export function mountQuestions(call: MountArguments): ExamineArguments {
  const { source, target, cwd } = call;
  const paths: Bytes[] = source !== null && isPath(call) ? [target, source] : [target];
  return { ...examineArguments(paths, QUESTION_FILES), cwd };
}

/**
 * Explains a failed mount(2) by the facts of an examination.
 *
 * @param about the target in words, and whether the failed operation created the target and so has removed it again
 */
export function mountReason(
  failure: Failure,
  call: MountArguments,
  examination: Examination,
  inUserNamespace: boolean,
  about: { readonly target: string; readonly isMade: boolean } = { target: printable(call.target), isMade: false },
): string {
  const { source, fsType, flags, data } = call;
  const [targetFacts, sourceFacts] = examination.paths as [PathFacts, PathFacts | undefined];
  const examined: ExaminedPath = { name: `the target ${about.target}`, facts: targetFacts };
  const from: ExaminedPath | null =
    sourceFacts === undefined || source === null
      ? null
      : { name: `the source ${printable(source)}`, facts: sourceFacts };
  const circumstances = circumstancesOf(examination);
  return findReason<MountCase>(RULES, {
    failure,
    circumstances,
    fsType: mountsFilesystem(flags) ? (fsType?.toString() ?? null) : null,
    inUserNamespace,
    paths: [from !== null && mustExist(call, circumstances) ? from : [], about.isMade ? [] : examined].flat(),
    target: examined,
    source: from,
    flags,
    hasData: data !== null,
  });
}

const RULES: readonly Rule<MountCase>[] = [...COMMON_RULES, ...MOUNT_RULES, notPermitted];

/** Whether the call mounts a filesystem, as opposed to a bind, a move or a change of an existing mount. */
function mountsFilesystem(flags: number): boolean {
  return (flags & (MS_BIND | MS_MOVE | MS_REMOUNT | PROPAGATION_FLAGS)) === 0;
}

// The source of a tmpfs, for example, is a label; only a filesystem on a device takes its source as a path.
function isPath({ source, fsType, flags }: MountArguments): boolean {
  if (source === null || (flags & MS_REMOUNT) !== 0) return false;
  return (flags & (MS_BIND | MS_MOVE)) !== 0 || (source.length > 0 && mountsFilesystem(flags) && fsType !== null);
}

function mustExist({ fsType, flags }: MountArguments, { devices }: Circumstances): boolean {
  if (!mountsFilesystem(flags)) return true;
  return devices?.has(fsType?.toString() ?? '') ?? false;
}
