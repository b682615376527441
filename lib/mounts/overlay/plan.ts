import { ATTRIBUTE_NAMES, attributeFlags, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument, stringArgument } from '../../arguments/check.js';
import { type IdMap, idMapArgument, idMapTexts } from '../../arguments/idmap.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { isPlain } from '../../arguments/object.js';
import { lastingTarget, NOWHERE, type Target, targetArgument } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidArgValue } from '../../kernel/errors.js';
import { OVERLAY_STRATEGIES, pageSize } from '../../kernel/native.js';
import { inUserNamespace } from '../../kernel/user-namespace.js';
import type { Bytes, NativeNamespace, NativeTarget } from '../../kernel/words.js';
import {
  type IfMounted,
  ifMountedOption,
  MOUNTING_NAMES,
  type MountingOptions,
  operationPlan,
} from '../../operation/options.js';
import { absoluteNames } from '../../overlay/names.js';
import { OVERLAY_OPTION_NAMES, overlayOptionWords } from '../../overlay/options.js';
import type { NamedLayers } from '../../overlay/read-back.js';
import type { OverlaySpec, OverlayStrategy } from '../../overlay/spec.js';
import { type FoundLayers, joinOverlayData, type OverlayLayers, overlayLayers } from '../../overlay/write.js';

/** What {@link mountOverlay} mounts, where, and how. */
export type OverlayMountOptions = OverlayOptions & {
  /** The mount point, a directory; a symbolic link is followed. Or a place inside a root. */
  target: Target;
} & MountingOptions;

/** What {@link detachedOverlay} makes. */
export type OverlayOptions = OverlaySpec &
  MountAttributes & {
    /** The name that the mount table shows as the source, `'overlay'` unless said. */
    source?: string;
    /** The one way to mount it; unless said the first of `'data'`, `'fsconfig'`, `'descriptors'` that does. */
    strategy?: OverlayStrategy;
    /**
     * How the owners of the files in lower layers appear: in all of them, or in each by its index (`undefined` for one as
     * it is). Since Linux 5.19, for filesystems that can have mapped ids.
     */
    lowerIdmap?: IdMap | readonly (IdMap | undefined)[];
    /**
     * Do not look for another overlay that has the same `upper` or `work`. The kernel lets two of them write to the same
     * upper layer, unless `index` is on, and what they leave there is undefined.
     */
    allowSharedUpper?: boolean;
  };

const STRATEGIES = Object.keys(OVERLAY_STRATEGIES) as OverlayStrategy[];

/** What is to be done, checked and decided, before anything is done. */
export interface OverlayPlan extends OverlayLayers {
  readonly source: string;
  readonly target: NativeTarget;
  /** `target` for the handle: absolute, and nothing is created. */
  readonly absoluteTarget: NativeTarget;
  readonly namespace: NativeNamespace;
  readonly signal: AbortSignal | undefined;
  readonly detached: boolean;
  /** Of each lower layer with mapped ids: index, and the map as the native floor takes it (src-native/overlay/overlay.h). */
  readonly idMaps: readonly Bytes[];
  /** The options besides the layers, as the kernel's words: `'index=on'`, `'userxattr'`. */
  readonly words: readonly string[];
  /** The attributes as flags of mount(2). */
  readonly flags: number;
  /** The option string, for the way `'data'`; null when that is not one of the ways. */
  readonly data: Bytes | null;
  /** The ways that may be taken, of which the native floor takes the first that this kernel has. */
  readonly ways: number;
  /** Whether another overlay with this upper or work directory is to be looked for. */
  readonly exclusive: boolean;
  readonly ifMounted: IfMounted;
  /** The layers by absolute paths, taken now, as the working directory may be another when the call is done. */
  readonly named: NamedLayers;
}

const KNOWN_DETACHED: ReadonlySet<string> = new Set([
  ...OVERLAY_OPTION_NAMES,
  ...ATTRIBUTE_NAMES,
  ...['source', 'strategy', 'allowSharedUpper', 'lowerIdmap', 'signal'],
]);
const KNOWN: ReadonlySet<string> = new Set([...KNOWN_DETACHED, ...MOUNTING_NAMES, 'target']);

const NONE: readonly never[] = [];

/** Turns what the user asked into a plan, without doing anything. */
export function planOverlay(options: OverlayMountOptions): OverlayPlan {
  const usual = usualOptions(options);
  const checked = usual ?? optionsArgument('options', options, KNOWN);
  const isUsual = usual !== undefined && (usual.upper === undefined) === (usual.work === undefined);
  return planOf(checked, targetArgument('options.target', checked['target']), false, isUsual);
}

/** The same for an overlay without a place. */
export function planDetachedOverlay(options: OverlayOptions): OverlayPlan {
  return planOf(optionsArgument('options', options, KNOWN_DETACHED), NOWHERE, true, false);
}

// What is said nearly always: nothing but layers and a target. Then nothing else has to be looked for, which takes longer
// than all that is to be done.
class UsualOptions {
  [name: string]: unknown;
  lower: unknown;
  upper: unknown;
  work: unknown;
  target: unknown;
  allowSharedUpper: unknown;
}
// As with all that is said: options.ts.
Object.setPrototypeOf(UsualOptions.prototype, null);

const USUAL: ReadonlySet<string> = new Set(['lower', 'upper', 'work', 'target', 'allowSharedUpper']);
const isUsualName = (name: string) => USUAL.has(name);

// Each by its name, which is several times faster than by a variable.
function usualOptions(options: unknown): UsualOptions | undefined {
  if (!isPlain(options) || inUserNamespace()) return undefined;
  const names = Object.getOwnPropertyNames(options);
  // Nothing is read before it is known that this is all that there is: each is read once.
  if (!names.every(isUsualName)) return undefined;
  const said = new UsualOptions();
  for (const name of names) {
    if (name === 'lower') said.lower = options['lower'];
    else if (name === 'upper') said.upper = options['upper'];
    else if (name === 'work') said.work = options['work'];
    else if (name === 'target') said.target = options['target'];
    else said.allowSharedUpper = options['allowSharedUpper'];
  }
  return said;
}

function planOf(
  checked: Readonly<Record<string, unknown>>,
  target: NativeTarget,
  detached: boolean,
  isUsual: boolean,
): OverlayPlan {
  const layers = overlayLayers(checked);
  const words = isUsual ? NONE : overlayOptionWords(withUserxattr(checked));
  const strategy = choiceOption('options.strategy', checked['strategy'], STRATEGIES);
  const idMaps = idMapsOf(checked['lowerIdmap'], layers.lower.length);
  const isApart = detached || idMaps.length > 0;
  if (isApart && strategy === 'data') {
    throw invalidArgValue(
      'options.strategy',
      "cannot be 'data' here: by an option string every layer and the mount have a place",
    );
  }
  const data = !isApart && mayBeData(strategy, layers) ? joinOverlayData(layers, words) : null;
  const ways = chooseWays(strategy, data);
  const { namespace, signal } = operationPlan(checked);
  const source = sourceOf(checked['source']);
  const allowShared = booleanOption('options.allowSharedUpper', checked['allowSharedUpper']) ?? false;
  if (namespace !== null) refuseRelative(namespace, namedPaths(layers, target));
  return {
    lower: layers.lower,
    dataOnly: layers.dataOnly,
    upper: layers.upper,
    work: layers.work,
    source,
    target,
    absoluteTarget: lastingTarget(target),
    namespace,
    signal,
    detached,
    idMaps,
    words,
    flags: isUsual ? 0 : attributeFlags(checked),
    data: ways === OVERLAY_STRATEGIES.data ? data : null,
    ways,
    exclusive: layers.upper !== null && !allowShared,
    ifMounted: ifMountedOption(checked),
    named: idMaps.length === 0 ? absoluteNames(layers) : { ...absoluteNames(layers), isHidden: true },
  };
}

/** Whether something can be written to it. */
export function isWritable({ upper, flags }: OverlayPlan): boolean {
  return upper !== null && (flags & constants.MS_RDONLY) === 0;
}

function namedPaths({ lower, dataOnly, upper, work }: OverlayLayers, { path, root }: NativeTarget) {
  const each = (name: string, paths: readonly Bytes[]) =>
    paths.map((one, index) => [`${name}[${index}]`, one] as const);
  const target = ['options.target', root ?? path] as const;
  return [
    ...each('spec.lower', lower),
    ...each('spec.dataOnly', dataOnly),
    ['spec.upper', upper],
    ['spec.work', work],
    target,
  ] as const;
}

function sourceOf(value: unknown): string {
  return value === undefined ? 'overlay' : stringArgument('options.source', value);
}

function idMapsOf(value: unknown, count: number): readonly Bytes[] {
  if (value === undefined) return NONE;
  const maps: readonly unknown[] = Array.isArray(value) ? value : Array(count).fill(value);
  if (maps.length > count)
    throw invalidArgValue('options.lowerIdmap', 'must not have more maps than there are lower layers');
  return maps.flatMap((map, index) => {
    if (map === undefined) return [];
    const name = Array.isArray(value) ? `options.lowerIdmap[${index}]` : 'options.lowerIdmap';
    return [String(index), ...idMapTexts(idMapArgument(name, map))];
  });
}

// A string of this many layers is never shorter than a page of 4 KiB, and may be long: it need not be made.
function mayBeData(strategy: OverlayStrategy | undefined, layers: FoundLayers): boolean {
  if (strategy !== undefined) return strategy === 'data';
  const { lower, dataOnly, upper, work } = layers;
  let length = 0;
  for (const layer of lower) {
    length += layer.length + 1;
    if (length >= pageSize || (!layers.isPlain && hasComma(layer))) return false;
  }
  return layers.isPlain || (!dataOnly.some(hasComma) && !hasComma(upper) && !hasComma(work));
}

// Some kernels of the 6.5 series cut option data at an escaped comma too.
function hasComma(path: Bytes | null): boolean {
  return path?.includes(',') === true;
}

function chooseWays(strategy: OverlayStrategy | undefined, data: Bytes | null): number {
  if (strategy !== undefined) return OVERLAY_STRATEGIES[strategy];
  // A character is at most three bytes of UTF-8.
  if (data !== null && (data.length * 3 < pageSize || Buffer.byteLength(data) < pageSize))
    return OVERLAY_STRATEGIES.data;
  return OVERLAY_STRATEGIES.fsconfig | OVERLAY_STRATEGIES.descriptors;
}

// In a user namespace trusted.* attributes cannot be written, and user.* ones serve.
function withUserxattr(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!inUserNamespace() || options['userxattr'] !== undefined || options['metacopy'] === true) return options;
  const redirectDir = options['redirectDir'];
  return redirectDir === undefined || redirectDir === 'nofollow'
    ? { __proto__: null, ...options, userxattr: true }
    : options;
}
