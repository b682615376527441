import { readlinkSync } from 'node:fs';
import {
  type Bytes,
  booleanOption,
  choiceOption,
  nullableStringArgument,
  optionsArgument,
  type PathLike,
  pathArgument,
} from './arguments.js';
import { ATTRIBUTE_NAMES, attributeFlags, type MountAttributes } from './attributes.js';
import { invalidArgValue } from './errors.js';
import { pageSize } from './native.js';
import { joinOverlayData, type OverlayLayers, overlayLayers } from './overlay-data.js';
import { OVERLAY_OPTION_NAMES, overlayOptionWords } from './overlay-options.js';
import type { OverlaySpec } from './overlay-spec.js';

/**
 * How an overlay is mounted.
 *
 * - `'data'`: an option string and mount(2), which takes less than a page;
 * - `'fsconfig'`: fsopen(2) … move_mount(2), one parameter for each layer, since Linux 6.7; layers are opened once and
 *   given by descriptor;
 * - `'descriptors'`: mount(2) with an option string of descriptor numbers, from a working directory `/proc/self/fd`. The
 *   mount table shows the numbers.
 */
export type OverlayStrategy = 'data' | 'fsconfig' | 'descriptors';

/** What {@link mountOverlay} mounts, where, and how. */
export type OverlayMountOptions = OverlaySpec &
  MountAttributes & {
    /** The mount point, a directory; a symbolic link is followed. */
    target: PathLike;
    /** The name that the mount table shows as the source, `'overlay'` unless said. */
    source?: string;
    /** The one way to mount it; unless said the first of `'data'`, `'fsconfig'`, `'descriptors'` that does. */
    strategy?: OverlayStrategy;
    /**
     * What to do where the target is a mount point already: mount on top of it as the kernel does, refuse with `EBUSY`,
     * or take what is there if it is an overlay of the same layers and options, and mount on top otherwise an error.
     */
    ifMounted?: 'stack' | 'error' | 'reuse';
    /**
     * Do not look for another overlay that has the same `upper` or `work`. The kernel lets two of them write to the same
     * upper layer, unless `index` is on, and what they leave there is undefined.
     */
    allowSharedUpper?: boolean;
  };

/** The ways as the native floor numbers them: src-native/overlay.h. */
export const WAYS: Readonly<Record<OverlayStrategy, number>> = { data: 1, fsconfig: 2, descriptors: 4 };

const STRATEGIES = Object.keys(WAYS) as OverlayStrategy[];
const IF_MOUNTED = ['stack', 'error', 'reuse'] as const;

/** What is to be done, checked and decided, before anything is done. */
export interface OverlayPlan extends OverlayLayers {
  readonly source: string;
  readonly target: Bytes;
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
  readonly ifMounted: 'stack' | 'error' | 'reuse';
}

const KNOWN: ReadonlySet<string> = new Set([
  ...OVERLAY_OPTION_NAMES,
  ...ATTRIBUTE_NAMES,
  ...['target', 'source', 'strategy', 'ifMounted', 'allowSharedUpper'],
]);

/** Turns what the user asked into a plan, without doing anything. */
export function planOverlay(options: OverlayMountOptions): OverlayPlan {
  const checked = optionsArgument('options', options, KNOWN);
  const layers = overlayLayers(checked);
  const words = overlayOptionWords(withUserxattr(checked));
  const strategy = choiceOption('options.strategy', checked['strategy'], STRATEGIES);
  const data = mayBeData(strategy, layers) ? joinOverlayData(layers, words) : null;
  const ways = chooseWays(strategy, data);
  const source = nullableStringArgument('options.source', checked['source'] ?? 'overlay');
  if (source === null) throw invalidArgValue('options.source', 'must be a string', { value: source });
  const allowShared = booleanOption('options.allowSharedUpper', checked['allowSharedUpper']) ?? false;
  return {
    lower: layers.lower,
    dataOnly: layers.dataOnly,
    upper: layers.upper,
    work: layers.work,
    source,
    target: pathArgument('options.target', checked['target']),
    words,
    flags: attributeFlags(checked),
    data: ways === WAYS.data ? data : null,
    ways,
    exclusive: layers.upper !== null && !allowShared,
    ifMounted: choiceOption('options.ifMounted', checked['ifMounted'], IF_MOUNTED) ?? 'stack',
  };
}

// A string of this many layers is never shorter than a page of 4 KiB, and may be long: it need not be made.
function mayBeData(strategy: OverlayStrategy | undefined, layers: OverlayLayers): boolean {
  if (strategy !== undefined) return strategy === 'data';
  const { lower, dataOnly, upper, work } = layers;
  let length = 0;
  for (const layer of lower) {
    length += layer.length + 1;
    if (length >= pageSize || hasComma(layer)) return false;
  }
  return !dataOnly.some(hasComma) && !hasComma(upper) && !hasComma(work);
}

// Some kernels of the 6.5 series cut option data at an escaped comma too.
function hasComma(path: Bytes | null): boolean {
  return path?.includes(',') === true;
}

function chooseWays(strategy: OverlayStrategy | undefined, data: Bytes | null): number {
  if (strategy !== undefined) return WAYS[strategy];
  // A character is at most three bytes of UTF-8.
  if (data !== null && (data.length * 3 < pageSize || Buffer.byteLength(data) < pageSize)) return WAYS.data;
  return WAYS.fsconfig | WAYS.descriptors;
}

// In a user namespace trusted.* attributes cannot be written, and user.* ones serve.
function withUserxattr(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!inUserNamespace() || options['userxattr'] !== undefined || options['metacopy'] === true) return options;
  const redirectDir = options['redirectDir'];
  return redirectDir === undefined || redirectDir === 'nofollow' ? { ...options, userxattr: true } : options;
}

// linux/proc_ns.h, PROC_USER_INIT_INO: the inode of the first user namespace is the same on every machine.
const FIRST_USER_NAMESPACE = 'user:[4026531837]';
let userNamespace: boolean | undefined;

/** Whether this process is in a user namespace other than the first. It cannot change: CLONE_NEWUSER needs one thread. */
export function inUserNamespace(): boolean {
  userNamespace ??= process.platform === 'linux' && readlinkSync('/proc/self/ns/user') !== FIRST_USER_NAMESPACE;
  return userNamespace;
}
