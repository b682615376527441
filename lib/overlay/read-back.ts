// Reads the layers and options of a mounted overlay from the mount table.
import { constants as os } from 'node:os';
import { copyOf } from '../arguments/check.js';
import { MountError } from '../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../kernel/examine.js';
import { type Examination, type Failure, isFailure } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { bytesText } from '../table/mountinfo/latin1.js';
import { mountLine } from '../table/mountinfo/parse.js';
import { isSameForEveryProcess, type OverlayLayers } from './layer-paths.js';
import { parseOverlayData } from './parse.js';
import type { OverlaySpec } from './spec.js';

/** Returns the path and the file that the addon has to examine to find the layers and options of a mounted overlay. */
export function readQuestions(target: Bytes): ExamineArguments {
  return examineArguments([target], ['/proc/thread-self/mountinfo']);
}

/** The layers of an overlay, with the paths that the caller gave. */
export interface NamedLayers extends OverlayLayers {
  /** Whether the layers are idmapped (`lowerIdmap`): their paths in the mount table lead nowhere. */
  readonly isIdmapped?: boolean;
}

/**
 * Returns the layers and options of the overlay at a target, from the examination of {@link readQuestions}.
 *
 * @param id the unique mount ID that the mount at the target must have
 * @param given the layers with the caller's paths, which replace paths of the mount table that lead nowhere
 * @throws {@link MountError} if another mount or no overlay is at the target
 */
export function readOverlay(
  examination: Examination | Failure,
  target: Bytes,
  id: bigint,
  given: NamedLayers | undefined,
): OverlaySpec {
  const fail = (errno: number, syscall: string, reason?: string) =>
    new MountError({ errno, syscall, step: 'identify', path: target, reason });
  if (isFailure(examination)) throw fail(examination.error, examination.syscall);
  const [facts] = examination.paths;
  const table = examination.files[0] ?? null;
  if (facts === undefined || facts.error !== 0) throw fail(facts?.error ?? os.errno.ENOENT, 'statx');
  if (table === null) {
    throw fail(os.errno.ENOENT, 'read', 'the mount table cannot be read: mount /proc (/proc/thread-self/mountinfo)');
  }
  const line = facts.uniqueId === id ? mountLine(table, facts.mountId) : undefined;
  if (line === undefined) {
    throw fail(
      os.errno.EINVAL,
      'statx',
      `the mount at the target is not mount ${id}, which another program has moved, unmounted or mounted over`,
    );
  }
  if (line.fsType !== 'overlay') {
    throw fail(
      os.errno.EINVAL,
      'statx',
      `the mount at the target is of type ${line.fsType}, and only an overlay has layers`,
    );
  }
  const spec = parseOverlayData(line.superOptionsText, { form: 'table' });
  const { lower, dataOnly, upper, work } = spec;
  const layer = (shown: Bytes, own: Bytes | null | undefined) =>
    copyOf(own && (given?.isIdmapped === true || !isSameForEveryProcess(shown)) ? own : shown);
  const layers = (shown: readonly unknown[], own: readonly Bytes[] = []) =>
    shown.map((path, index) => layer(path as Bytes, own[index]));
  // If the mount table shows descriptors as lower layers, the addon passed upper and work as text with escapes. The
  // mount table shows these escapes as parts of the paths (Linux 6.7 to 6.12).
  const isEscaped = lower.some((path) => isDescriptorPath(path as Bytes));
  const directory = (shown: Bytes, own: Bytes | null | undefined) =>
    isEscaped && own ? copyOf(own) : layer(shown, own);
  return {
    ...spec,
    lower: layers(lower, given?.lower),
    ...(dataOnly !== undefined && { dataOnly: layers(dataOnly, given?.dataOnly) }),
    ...(upper !== undefined && { upper: directory(upper as Bytes, given?.upper) }),
    ...(work !== undefined && { work: directory(work as Bytes, given?.work) }),
  };
}

function isDescriptorPath(path: Bytes): boolean {
  return /^\/proc\/(?:thread-)?self\/fd\/\d+$/.test(bytesText(path));
}
