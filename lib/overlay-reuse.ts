import type { Bytes } from './arguments.js';
import { constants } from './constants.js';
import type { Looking } from './drivers.js';
import { printable } from './errors.js';
import type { MountEntry } from './mount-entry.js';
import { filesystemDiffers, type NotTheSame } from './mount-reuse.js';
import { cannotBeTold, mountedThere } from './mounted-there.js';
import type { PathFacts } from './native.js';
import { type OverlayLayers, overlayLayers } from './overlay-data.js';
import { isForAll } from './overlay-names.js';
import { overlayOptionWords } from './overlay-options.js';
import { parseOverlayData } from './overlay-parse.js';
import type { OverlayPlan, OverlayStrategy } from './overlay-plan.js';

// Shown without having been asked for, as they follow from the kernel's own parameters.
const SHOWN_ANYWAY = /^(?:uuid|redirect_dir|xino)=/;

/**
 * Looks at what is mounted at the target of a plan. Yields what has to be examined, is given what was found there, and
 * returns what it means: the drivers do the examining, on the calling thread or on one of ours.
 */
export function* lookAtTarget(plan: OverlayPlan): Looking<OverlayStrategy> {
  const found = yield* mountedThere(plan.at[0]);
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
  const { paths } = yield { ask: [[...asked, ...shown], [], null, null], inRoot: false };
  const why =
    layersDiffer(paths, shown) ??
    wordsDiffer(plan, there.words) ??
    (Buffer.from(plan.source).equals(line.source) ? undefined : OTHER_SOURCE) ??
    filesystemDiffers(['an overlay', 'such an overlay'], line, { flags: plan.flags, isWritable: isWritable(plan) });
  return why ?? { kind: 'same', id: at.lastingId, strategy: there.strategy };
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

/** @param paths what was asked for, then what the table has these names for, one by one */
function layersDiffer(paths: readonly PathFacts[], names: readonly Bytes[]): NotTheSame | undefined {
  const differences = names.map((name, index) => layerDiffers(name, paths[index], paths[names.length + index]));
  // One that is known to be another is enough, whatever the rest is.
  return differences.find((each) => each?.kind === 'other') ?? differences.find((each) => each !== undefined);
}

function layerDiffers(name: Bytes, asked: PathFacts | undefined, shown: PathFacts | undefined): NotTheSame | undefined {
  const passing = cannotBeTold(asked, 'where a layer leads');
  if (passing !== undefined) return passing;
  if (asked === undefined || asked.error !== 0) return OTHER_DIRECTORIES;
  const untold = (why: string) =>
    ({ kind: 'untold', why: `${UNTOLD_LAYERS}: the mount table has ${printable(name)}, which ${why}` }) as const;
  // The kernel has the directories themselves, and shows nothing of them but what they were called by whoever mounted it.
  if (!isForAll(name))
    return untold('is relative or the name of a descriptor, and meant something to whoever mounted it only');
  if (shown === undefined || shown.error !== 0) return untold('cannot be followed now');
  return asked.device === shown.device && asked.inode === shown.inode ? undefined : OTHER_DIRECTORIES;
}

const OTHER_DIRECTORIES = { kind: 'other', why: 'an overlay of other directories is mounted there' } as const;
const UNTOLD_LAYERS = 'an overlay is mounted there whose layers cannot be told';

function wordsDiffer(plan: OverlayPlan, shown: readonly string[]): NotTheSame | undefined {
  const asked = plan.words.map(canonical);
  const there = shown.map(canonical);
  const other = (why: string) => ({ kind: 'other', why: `an overlay ${why} is mounted there` }) as const;
  const missing = asked.find((word) => !there.includes(word));
  if (missing !== undefined) return other(`that does not show ${missing}`);
  const more = there.find((word) => !asked.includes(word) && !SHOWN_ANYWAY.test(word));
  return more === undefined ? undefined : other(`with ${more}`);
}

function isWritable({ upper, flags }: OverlayPlan): boolean {
  return upper !== null && (flags & constants.MS_RDONLY) === 0;
}

// One thing with two names.
function canonical(word: string): string {
  return word === 'fsync=volatile' ? 'volatile' : word;
}
