import type { Stats } from 'node:fs';
import { grouped, printable, progress } from './output.js';
import { bytes, type Entry, walk } from './walk.js';

/** The owner's id where the owner has none: user_namespaces(7), "Unmapped user and group IDs". */
const NOBODY = 65534;

/** What there is, counted. Bytes are those of regular files. */
export interface Count {
  files: number;
  directories: number;
  links: number;
  /** Devices, sockets and pipes. */
  others: number;
  bytes: number;
}

/** A name directly below the root, and all that is below it. */
export interface TopLevel extends Count {
  readonly name: string;
  /** The indexes of the layers that something in it comes from. */
  readonly layers: Set<number>;
}

export interface Census {
  /** For each layer what comes from it, merged directories counted once, for the topmost. */
  readonly fromLayers: readonly Count[];
  /** What is seen through the mount. */
  readonly throughMount: Count;
  /** Names that are in more than one layer: directories that are merged, and others, of which the topmost is seen. */
  commonDirectories: number;
  commonNames: number;
  /** What may not be read, on either side. */
  readonly unreadable: string[];
  readonly topLevels: Map<string, TopLevel>;
  /** Files that can be tried to change; see {@link isGoodToChange}. */
  readonly changeable: Entry[];
  /** The first name that is not the same on both sides, and how; undefined if there is none. */
  difference: string | undefined;
}

/**
 * Counts what layers have and what the merged directory shows, and compares each name. Both sides are walked in step, so
 * that a file that changes meanwhile, as files do, is seen twice within microseconds.
 *
 * What may not be read on one side is left out on both. That is not always the same on both: a merged directory has the
 * permissions of the topmost, and with `userxattr` overlayfs has to read attributes that the mode may forbid to read.
 */
export function takeCensus(layers: readonly string[], merged: string): Census {
  const census: Census = {
    fromLayers: layers.map(() => nothing()),
    throughMount: nothing(),
    commonDirectories: 0,
    commonNames: 0,
    unreadable: [],
    topLevels: new Map(),
    changeable: [],
    difference: undefined,
  };
  const [expected, seen] = [new Walker(layers), new Walker([merged])];
  for (;;) {
    const [one, other] = [expected.entry, seen.entry];
    if (one === undefined && other === undefined) break;
    const closed = closedAt(one, other);
    if (closed !== undefined) {
      census.unreadable.push(closed === '/' ? '.' : nameOf(closed));
      expected.leave(closed);
      seen.leave(closed);
      continue;
    }
    census.difference = difference(one, other);
    if (one === undefined || other === undefined || census.difference !== undefined) break;
    addExpected(census, one);
    if (other.stats !== null) add(census.throughMount, other.stats);
    expected.next();
    seen.next();
  }
  progress('');
  return census;
}

/** A walk, and where it is. */
class Walker {
  entry: Entry | undefined;
  readonly #walk: Generator<Entry>;
  #steps = 0;
  #shownAt = 0;

  constructor(layers: readonly string[]) {
    this.#walk = walk(layers);
    this.next();
  }

  next(): void {
    this.entry = this.#walk.next().value ?? undefined;
    this.#steps += 1;
    if (this.#steps % 1024 === 0 && Date.now() - this.#shownAt > 100) {
      this.#shownAt = Date.now();
      progress(`   ${grouped(this.#steps)} names compared`);
    }
  }

  /** Goes on behind a path and all that is below it. */
  leave(path: string): void {
    const start = path.endsWith('/') ? path : `${path}/`;
    while (this.entry !== undefined && (this.entry.path === path || this.entry.path.startsWith(start))) this.next();
  }
}

/** The path that may not be read, if either side stands at one. */
function closedAt(one: Entry | undefined, other: Entry | undefined): string | undefined {
  const closed = [one, other].find((entry) => entry?.stats === null);
  // A directory's contents need not be known to the other side, a name has to be.
  const isKnown = closed?.path.endsWith('/') || one?.path === other?.path;
  return isKnown ? closed?.path : undefined;
}

/** All that layers have, added up. */
export function total(counts: readonly Count[]): Count {
  const sum = nothing();
  for (const count of counts) {
    for (const key of Object.keys(sum) as (keyof Count)[]) sum[key] += count[key];
  }
  return sum;
}

/** A path of a walk as text, without the slash that it starts with. */
export function nameOf(path: string): string {
  return printable(bytes(path.slice(1)));
}

function nothing(): Count {
  return { files: 0, directories: 0, links: 0, others: 0, bytes: 0 };
}

function add(count: Count, stats: Stats): void {
  if (stats.isDirectory()) count.directories += 1;
  else if (stats.isSymbolicLink()) count.links += 1;
  else if (!stats.isFile()) count.others += 1;
  else {
    count.files += 1;
    count.bytes += stats.size;
  }
}

function addExpected(census: Census, entry: Entry): void {
  const { path, layer, stats, isMerged, isCovering } = entry;
  if (stats === null) return;
  const count = census.fromLayers[layer];
  if (count !== undefined) add(count, stats);
  if (isMerged) census.commonDirectories += 1;
  else if (isCovering) census.commonNames += 1;

  const end = path.indexOf('/', 1);
  const top = end === -1 ? path : path.slice(0, end);
  let topLevel = census.topLevels.get(top);
  if (topLevel === undefined) {
    topLevel = { ...nothing(), name: nameOf(top), layers: new Set() };
    census.topLevels.set(top, topLevel);
  }
  add(topLevel, stats);
  topLevel.layers.add(layer);
  if (isGoodToChange(entry, stats, census.changeable.length)) census.changeable.push(entry);
}

/**
 * Whether the demo may try its hand on it: a small regular file, at the top, or one of the first others whose owner is
 * somebody. An ordinary user may change no other: in a user namespace all people but himself are nobody.
 */
function isGoodToChange({ path }: Entry, stats: Stats, known: number): boolean {
  if (!stats.isFile() || stats.size === 0 || stats.size > 65536) return false;
  return path.lastIndexOf('/') === 0 || (stats.uid !== NOBODY && known < 64);
}

/** How a name differs, if it does. A merged directory has its own size and times. */
function difference(expected: Entry | undefined, seen: Entry | undefined): string | undefined {
  const path = [expected?.path, seen?.path].filter((one) => one !== undefined).sort()[0] ?? '';
  if (expected?.path !== seen?.path) {
    return `'${nameOf(path)}' is only in ${expected?.path === path ? 'the layers' : 'the merged directory'}`;
  }
  const [one, other] = [attributes(expected?.stats), attributes(seen?.stats)];
  return one === other ? undefined : `'${nameOf(path)}': ${one} in the layers, ${other} in the merged directory`;
}

function attributes(stats: Stats | null | undefined): string {
  if (stats === null || stats === undefined) return 'not readable';
  const { mode, uid, gid, size, rdev, mtimeMs } = stats;
  const common = `mode ${mode.toString(8)}, owner ${uid}:${gid}`;
  return stats.isDirectory() ? common : `${common}, ${size} bytes, device ${rdev}, changed at ${mtimeMs}`;
}
