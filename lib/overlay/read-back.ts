import { constants as os } from 'node:os';
import { copyOf } from '../arguments/check.js';
import { MountError } from '../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../kernel/examine.js';
import { type Examination, type Failure, isFailure } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { mountLine } from '../table/mountinfo/parse.js';
import { isForAll } from './names.js';
import { parseOverlayData } from './parse.js';
import type { OverlaySpec } from './spec.js';
import type { OverlayLayers } from './write.js';

/** What has to be looked at to read an overlay back. */
export function readQuestions(target: Bytes): ExamineArguments {
  return examineArguments([target], ['/proc/thread-self/mountinfo']);
}

/** The layers of an overlay as they were named. */
export interface NamedLayers extends OverlayLayers {
  /** The kernel had them in a place of our own, so that the table's names mean nothing (lowerIdmap). */
  readonly isHidden?: boolean;
}

/**
 * The spec of the overlay that is mounted at a target, from what was found there.
 *
 * @param id the mount that has to be there
 * @param named its layers as they were named, for where the table has no names
 */
export function readOverlay(
  examination: Examination | Failure,
  target: Bytes,
  id: bigint,
  named: NamedLayers | undefined,
): OverlaySpec {
  const fail = (errno: number, syscall: string, reason?: string) =>
    new MountError({ errno, syscall, step: 'identify', path: target, reason });
  if (isFailure(examination)) throw fail(examination.error, examination.syscall);
  const [found] = examination.paths;
  const table = examination.files[0] ?? null;
  if (found === undefined || found.error !== 0) throw fail(found?.error ?? os.errno.ENOENT, 'statx');
  if (table === null)
    throw fail(os.errno.ENOENT, 'read', 'the mount table, /proc/thread-self/mountinfo, cannot be read');
  const line = found.uniqueId === id ? mountLine(table, found.mountId) : undefined;
  if (line === undefined) {
    throw fail(
      os.errno.EINVAL,
      'statx',
      `mount ${id} is not the one at this path; it was moved, taken down or mounted over by someone else`,
    );
  }
  if (line.fsType !== 'overlay') {
    throw fail(os.errno.EINVAL, 'statx', `a filesystem of type ${line.fsType} is mounted here, which has no layers`);
  }
  const better = (shown: Bytes, ours: Bytes | null | undefined) =>
    copyOf(named?.isHidden === true && ours ? ours : absoluteOr(shown, ours));
  const spec = parseOverlayData(line.superOptionsText, { form: 'table' });
  const names = (shown: readonly unknown[], ours: readonly Bytes[] = []): Bytes[] =>
    shown.map((path, index) => better(path as Bytes, ours[index]));
  const { lower, dataOnly, upper, work } = spec;
  // Where layers go by the names of descriptors, upper and work went by a string: with backslashes, which the table shows
  // like any other (Linux 6.7 to 6.12).
  const isEscaped = lower.some((path) => isDescriptor(path as Bytes));
  const directory = (shown: Bytes, ours: Bytes | null | undefined) =>
    isEscaped && ours ? copyOf(ours) : better(shown, ours);
  return {
    ...spec,
    lower: names(lower, named?.lower),
    ...(dataOnly !== undefined && { dataOnly: names(dataOnly, named?.dataOnly) }),
    ...(upper !== undefined && { upper: directory(upper as Bytes, named?.upper) }),
    ...(work !== undefined && { work: directory(work as Bytes, named?.work) }),
  } as OverlaySpec;
}

// The table has a relative path where one was given, the number of a descriptor, or its name in /proc: none of them leads
// anywhere from here.
function absoluteOr(shown: Bytes, named: Bytes | null | undefined): Bytes {
  return isForAll(shown) || named === null || named === undefined ? shown : named;
}

function isDescriptor(shown: Bytes): boolean {
  return /^\/proc\/(?:thread-)?self\/fd\/\d+$/.test(textOf(shown));
}

function textOf(path: Bytes): string {
  return typeof path === 'string' ? path : path.toString('latin1');
}
