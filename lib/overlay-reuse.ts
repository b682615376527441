import type { Bytes } from './arguments.js';
import { ATTRIBUTE_WORDS } from './attributes.js';
import type { Looking } from './drivers.js';
import type { MountEntry } from './mount-entry.js';
import { mountedThere } from './mounted-there.js';
import type { PathFacts } from './native.js';
import { type OverlayLayers, overlayLayers } from './overlay-data.js';
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

  const there = readBack(line);
  if (there === undefined) return { kind: 'other', why: 'an overlay with options that are not known is mounted there' };
  const [asked, shown] = [directories(plan), directories(there.layers)];
  if (asked.length !== shown.length || plan.lower.length !== there.layers.lower.length) {
    return { kind: 'other', why: 'an overlay with another number of layers is mounted there' };
  }
  const compared = yield { ask: [[...asked, ...shown], [], null, null], inRoot: false };
  const different = asked.findIndex((_, index) => !isSame(compared.paths[index], compared.paths[asked.length + index]));
  if (different >= 0) return { kind: 'other', why: 'an overlay of other directories is mounted there' };
  const why = difference(plan, line, there.words);
  return why === undefined ? { kind: 'same', id: at.lastingId, strategy: there.strategy } : { kind: 'other', why };
}

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

function isSame(one: PathFacts | undefined, other: PathFacts | undefined): boolean {
  if (one === undefined || other === undefined || one.error !== 0 || other.error !== 0) return false;
  return one.device === other.device && one.inode === other.inode;
}

function difference(plan: OverlayPlan, line: MountEntry<Buffer>, shown: readonly string[]): string | undefined {
  const asked = plan.words.map(canonical);
  const there = shown.map(canonical);
  const missing = asked.find((word) => !there.includes(word));
  if (missing !== undefined) return `an overlay that does not show ${missing} is mounted there`;
  const more = there.find((word) => !asked.includes(word) && !SHOWN_ANYWAY.test(word));
  if (more !== undefined) return `an overlay with ${more} is mounted there`;
  for (const [word, flag] of ATTRIBUTE_WORDS) {
    const has = line.options.includes(word);
    if (has !== ((plan.flags & flag) !== 0)) return `an overlay ${has ? 'with' : 'without'} ${word} is mounted there`;
  }
  return undefined;
}

// One thing with two names.
function canonical(word: string): string {
  return word === 'fsync=volatile' ? 'volatile' : word;
}
