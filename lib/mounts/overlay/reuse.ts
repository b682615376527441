// Finds out whether the overlay mounted at a target is the overlay that the caller asks for (`ifMounted: 'reuse'`).
import { describeErrno } from '../../kernel/errno.js';
import { printable } from '../../kernel/errors.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import {
  isSameForEveryProcess,
  mayBeIdmappedLayer,
  type OverlayLayers,
  overlayLayers,
} from '../../overlay/layer-paths.js';
import { overlayOptionWords } from '../../overlay/option-words.js';
import { parseOverlayData } from '../../overlay/parse.js';
import type { OverlayStrategy } from '../../overlay/spec.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { bytesText, withoutDots } from '../../table/mountinfo/latin1.js';
import { type Difference, filesystemDiffers, surest } from '../reuse/differences.js';
import { mountAtTarget, unknownIfTransient } from '../reuse/mounted-at.js';
import { optionsDiffer, PARAMETER_FILES } from './option-reuse.js';
import { isWritable, type OverlayPlan } from './plan.js';

/**
 * Examines the mount at the target of a plan. The generator yields native calls, receives their results from the
 * driver, and returns whether the mount is the overlay that the plan describes.
 */
export function* probeOverlay(plan: OverlayPlan): Steps<ReuseAnswer<OverlayStrategy>> {
  const { target, namespace } = plan;
  const found = yield* mountAtTarget(target, namespace);
  if (found.kind !== 'mounted') return found;
  const { at, line } = found;
  if (line.fsType !== 'overlay') {
    return { kind: 'other', why: `a filesystem of type ${line.fsType} is mounted at the target` };
  }
  // Neither the mount table nor statmount(2) reports the ID mappings of layers, and no path leads to the idmapped
  // layers.
  if (plan.idMaps.length > 0) {
    return {
      kind: 'unknown',
      why: 'an overlay whose lower layers may have other ID mappings, which the kernel does not report, is mounted at the target',
    };
  }
  const mounted = readBack(line);
  if (mounted === undefined) {
    return { kind: 'unknown', why: 'an overlay with options that this library does not know is mounted at the target' };
  }
  if (countsOf(plan) !== countsOf(mounted.layers)) {
    return { kind: 'other', why: 'an overlay with another number of layers is mounted at the target' };
  }
  const [wantedPaths, shownPaths] = [pathsOf(plan), pathsOf(mounted.layers)];
  const question = { ...examineArguments([...wantedPaths, ...shownPaths], PARAMETER_FILES), namespace };
  const examination = yield* ask(native.examine, question);
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const { paths, files } = examination;
  const wantedFacts = paths.slice(0, wantedPaths.length);
  const wanted = {
    words: plan.words,
    hasUpper: plan.upper !== null,
    isOnOneFilesystem: areOnOneFilesystem(wantedFacts),
  };
  const difference =
    layersDiffer(wantedPaths, wantedFacts, shownPaths, paths.slice(wantedPaths.length)) ??
    optionsDiffer(wanted, mounted.words, files) ??
    (Buffer.from(plan.source).equals(line.source) ? undefined : OTHER_SOURCE) ??
    filesystemDiffers('an overlay', line, {
      flags: plan.flags,
      isWritable: isWritable(plan),
      ownsSuperblock: true,
    });
  return difference ?? { kind: 'same', id: at.uniqueId, strategy: mounted.strategy };
}

const OTHER_SOURCE = { kind: 'other', why: 'an overlay with another source is mounted at the target' } as const;

/** The layers and the options of an overlay, as the mount table shows them. */
interface ShownOverlay {
  readonly layers: OverlayLayers;
  /** The options as the kernel's words. */
  readonly words: readonly string[];
  readonly strategy: OverlayStrategy;
}

/**
 * Returns the layers and the options in the line of an overlay; undefined if the line has options of a newer kernel.
 */
function readBack({ superOptionsText: superOptions }: MountEntry<Buffer>): ShownOverlay | undefined {
  try {
    const { lower, dataOnly, upper, work, ...options } = parseOverlayData(superOptions, {
      form: 'table',
      encoding: 'buffer',
    });
    const layers = overlayLayers({ lower, dataOnly, upper, work });
    return { layers, words: overlayOptionWords(options, 'kernel'), strategy: strategyOf(superOptions, layers) };
  } catch {
    return undefined;
  }
}

function strategyOf(superOptions: Buffer, { lower }: OverlayLayers): OverlayStrategy {
  if (superOptions.includes('lowerdir+=')) return 'fsconfig';
  return lower.every((layer) => /^\d+$/.test(layer.toString())) ? 'descriptors' : 'data';
}

function pathsOf({ lower, dataOnly, upper, work }: OverlayLayers): Bytes[] {
  return [...lower, ...dataOnly, ...[upper, work].filter((path) => path !== null)];
}

function countsOf({ lower, dataOnly, upper }: OverlayLayers): string {
  return [lower.length, dataOnly.length, upper === null ? 0 : 1].join();
}

function areOnOneFilesystem(layers: readonly PathFacts[]): boolean {
  return layers.every(({ error, device }) => error === 0 && device === layers[0]?.device);
}

function layersDiffer(
  wanted: readonly Bytes[],
  wantedFacts: readonly PathFacts[],
  shown: readonly Bytes[],
  shownFacts: readonly PathFacts[],
): Difference | undefined {
  return surest(shown.map((path, index) => layerDiffers(wanted[index], wantedFacts[index], path, shownFacts[index])));
}

function layerDiffers(
  wanted: Bytes | undefined,
  wantedFacts: PathFacts | undefined,
  shown: Bytes,
  shownFacts: PathFacts | undefined,
): Difference | undefined {
  const transient = unknownIfTransient(wantedFacts, 'a layer');
  if (transient !== undefined) return transient;
  if (wantedFacts === undefined || wantedFacts.error !== 0) return missingLayer(wanted, wantedFacts);
  const doubt = doubtOf(shown, shownFacts);
  if (doubt !== undefined || shownFacts === undefined) {
    return {
      kind: 'unknown',
      why: `an overlay whose layer ${printable(shown)} in the mount table ${doubt} is mounted at the target`,
    };
  }
  const isSame = wantedFacts.device === shownFacts.device && wantedFacts.inode === shownFacts.inode;
  return isSame ? undefined : { kind: 'other', why: 'an overlay of other directories is mounted at the target' };
}

/**
 * Returns why the path that the mount table shows for a layer does not identify the directory; undefined if it does.
 * The kernel reports only the paths that the mounting process gave, and no identity of the mounted directories.
 */
function doubtOf(shown: Bytes, facts: PathFacts | undefined): string | undefined {
  if (mayBeIdmappedLayer(shown)) return 'may be an idmapped layer, to which no path leads,';
  if (!isSameForEveryProcess(shown)) {
    return 'is a relative path or a descriptor, which only the mounting process could resolve,';
  }
  if (facts === undefined || facts.error !== 0) return 'cannot be found now';
  // Another program may have changed the link since the mount: some programs switch images by a link. A path in
  // /proc/PID/fd may lead to another file by now.
  return withoutDots(bytesText(shown)) === bytesText(facts.path)
    ? undefined
    : `leads through a symbolic link to ${printable(facts.path)}, and may have led elsewhere at the time of the mount (mount layers by paths without links),`;
}

function missingLayer(wanted: Bytes | undefined, facts: PathFacts | undefined): Difference {
  const { name, message } = describeErrno(facts?.error ?? 0);
  return {
    kind: 'other',
    why: `an overlay without the layer ${printable(wanted ?? '')}, which cannot be found (${name}: ${message}), is mounted at the target`,
  };
}
