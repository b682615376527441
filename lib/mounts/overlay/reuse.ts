import { describeErrno } from '../../kernel/errno.js';
import { printable } from '../../kernel/errors.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import { isForAll, isOfMappedLayer } from '../../overlay/names.js';
import { overlayOptionWords } from '../../overlay/options.js';
import { parseOverlayData } from '../../overlay/parse.js';
import type { OverlayStrategy } from '../../overlay/spec.js';
import { type OverlayLayers, overlayLayers } from '../../overlay/write.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { bytesText, withoutDots } from '../../table/mountinfo/path.js';
import { filesystemDiffers, type NotTheSame, surest } from '../reuse/differences.js';
import { cannotBeTold, mountedThere } from '../reuse/mounted-at.js';
import { optionsDiffer, PARAMETER_FILES } from './option-reuse.js';
import { isWritable, type OverlayPlan } from './plan.js';

/**
 * Looks at what is mounted at the target of a plan. Yields what has to be examined, is given what was found there, and
 * returns what it means: the drivers do the examining, on the calling thread or on one of ours.
 */
export function* probeOverlay(plan: OverlayPlan): Steps<ReuseAnswer<OverlayStrategy>> {
  const { target, namespace } = plan;
  const found = yield* mountedThere(target, namespace);
  if (found.kind !== 'mounted') return found;
  const { at, line } = found;
  if (line.fsType !== 'overlay') return { kind: 'other', why: `a filesystem of type ${line.fsType} is mounted there` };
  if (plan.idMaps.length > 0) return { kind: 'untold', why: UNTOLD_IDS };

  const there = readBack(line);
  if (there === undefined) return { kind: 'untold', why: UNTOLD_OPTIONS };
  if (numbers(plan) !== numbers(there.layers)) {
    return { kind: 'other', why: 'an overlay with another number of layers is mounted there' };
  }
  const [asked, shown] = [directories(plan), directories(there.layers)];
  const question = { ...examineArguments([...asked, ...shown], PARAMETER_FILES), namespace };
  const examination = yield* ask(native.examine, question);
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const { paths, files } = examination;
  const layers = paths.slice(0, asked.length);
  const wanted = { words: plan.words, hasUpper: plan.upper !== null, isOnOne: areOnOne(layers) };
  const why =
    layersDiffer(asked, layers, shown, paths.slice(asked.length)) ??
    optionsDiffer(wanted, there.words, files) ??
    (Buffer.from(plan.source).equals(line.source) ? undefined : OTHER_SOURCE) ??
    filesystemDiffers(['an overlay', 'such an overlay'], line, {
      flags: plan.flags,
      isWritable: isWritable(plan),
      isOfItself: true,
    });
  return why ?? { kind: 'same', id: at.uniqueId, strategy: there.strategy };
}

// Neither in the mount table nor in statmount(2), nor can the copies of layers be reached that have the maps.
const UNTOLD_IDS = 'an overlay is mounted there, and how the ids of its layers are mapped is shown nowhere';
const UNTOLD_OPTIONS = 'an overlay with options that are not known is mounted there';
const OTHER_SOURCE = { kind: 'other', why: 'an overlay with another source is mounted there' } as const;

interface ReadBack {
  readonly layers: OverlayLayers;
  readonly words: readonly string[];
  readonly strategy: OverlayStrategy;
}

/** The layers, options and way of an overlay in the table; undefined when they cannot be told. */
export function readBack({ superOptionsText: superOptions }: MountEntry<Buffer>): ReadBack | undefined {
  try {
    const spec = { ...parseOverlayData(superOptions, { form: 'table', encoding: 'buffer' }) } as Record<
      string,
      unknown
    >;
    const layers = overlayLayers(spec);
    for (const name of ['lower', 'dataOnly', 'upper', 'work']) delete spec[name];
    return { layers, words: overlayOptionWords(spec, 'shown'), strategy: strategyOf(superOptions, layers) };
  } catch {
    return undefined;
  }
}

function strategyOf(superOptions: Buffer, { lower }: OverlayLayers): OverlayStrategy {
  if (superOptions.includes('lowerdir+=')) return 'fsconfig';
  return lower.every((layer) => /^\d+$/.test(layer.toString())) ? 'descriptors' : 'data';
}

function directories({ lower, dataOnly, upper, work }: OverlayLayers): Bytes[] {
  return [...lower, ...dataOnly, ...[upper, work].filter((path) => path !== null)];
}

function numbers({ lower, dataOnly, upper }: OverlayLayers): string {
  return [lower.length, dataOnly.length, upper === null ? 0 : 1].join();
}

function areOnOne(layers: readonly PathFacts[]): boolean {
  return layers.every(({ error, device }) => error === 0 && device === layers[0]?.device);
}

function layersDiffer(
  asked: readonly Bytes[],
  layers: readonly PathFacts[],
  shown: readonly Bytes[],
  there: readonly PathFacts[],
): NotTheSame | undefined {
  return surest(shown.map((name, index) => layerDiffers(asked[index], layers[index], name, there[index])));
}

function layerDiffers(
  asked: Bytes | undefined,
  layer: PathFacts | undefined,
  shown: Bytes,
  there: PathFacts | undefined,
): NotTheSame | undefined {
  const passing = cannotBeTold(layer, 'where a layer leads');
  if (passing !== undefined) return passing;
  if (layer === undefined || layer.error !== 0) return leadsNowhere(asked, layer);
  const why = whyUntold(shown, there);
  if (why !== undefined || there === undefined) {
    return { kind: 'untold', why: `${UNTOLD_LAYERS}: the mount table has ${printable(shown)}, which ${why}` };
  }
  return layer.device === there.device && layer.inode === there.inode ? undefined : OTHER_DIRECTORIES;
}

/**
 * Why the name that the mount table has for a layer does not tell which directory it is. The kernel has the directories
 * themselves, and shows nothing of them but what they were called by whoever mounted the overlay.
 */
function whyUntold(name: Bytes, there: PathFacts | undefined): string | undefined {
  if (isOfMappedLayer(name)) return 'may be that of a layer with mapped ids, in a place that nobody else sees';
  if (!isForAll(name)) {
    return 'is relative or the name of a descriptor, and meant something to whoever mounted it only';
  }
  if (there === undefined || there.error !== 0) return 'cannot be followed now';
  // A link may be another by now, as where images are switched by one, and so may the name of a descriptor in /proc.
  return withoutDots(bytesText(name)) === bytesText(there.path)
    ? undefined
    : `leads through a symbolic link to ${printable(there.path)}, and may have led elsewhere when it was mounted: layers that are named without links can be told`;
}

function leadsNowhere(asked: Bytes | undefined, layer: PathFacts | undefined): NotTheSame {
  const { name, message } = describeErrno(layer?.error ?? 0);
  return {
    kind: 'other',
    why: `an overlay is mounted there, and ${printable(asked ?? '')} is none of its layers (${name}: ${message})`,
  };
}

const OTHER_DIRECTORIES = { kind: 'other', why: 'an overlay of other directories is mounted there' } as const;
const UNTOLD_LAYERS = 'an overlay is mounted there whose layers cannot be told';
