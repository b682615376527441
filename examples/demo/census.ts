// Counts what the layers contribute and what the merged directory shows, and compares both.
import type { Stats } from 'node:fs';
import { grouped, printable, progress } from './output.js';
import { bytes, type Entry, walk } from './walk.js';

/** The overflow ID, which the kernel shows for an unmapped owner: user_namespaces(7), "Unmapped user and group IDs". */
const NOBODY = 65534;

/** Counts of files by kind. The bytes are those of regular files. */
export interface Count {
  files: number;
  directories: number;
  links: number;
  /** Devices, sockets and pipes. */
  others: number;
  bytes: number;
}

/** A name in the root directory, with the counts of everything below it. */
export interface TopLevel extends Count {
  readonly name: string;
  /** The indexes of the layers that contribute to it. */
  readonly layers: Set<number>;
}

export interface Census {
  /** For each layer the counts that it contributes. A merged directory counts for its topmost layer. */
  readonly fromLayers: readonly Count[];
  /** The counts of the merged directory. */
  readonly throughMount: Count;
  /**
   * Names in more than one layer: merged directories, and other names, of which the merged directory shows the topmost.
   */
  commonDirectories: number;
  commonNames: number;
  /** Paths that this process may not read in the layers or in the merged directory. */
  readonly unreadable: string[];
  readonly topLevels: Map<string, TopLevel>;
  /** Files that the demo may try to change; see {@link isChangeable}. */
  readonly changeable: Entry[];
  /** The first name that differs, and how; undefined if none differs. */
  difference: string | undefined;
}

/**
 * Counts the layers and the merged directory, and compares each name. Both sides are walked in step, so that a file
 * that changes during the walk is read on both sides within microseconds.
 *
 * A path that is not readable on one side is left out on both sides. Permissions may differ: a merged directory has the
 * permissions of its topmost layer, and with `userxattr` overlayfs must read attributes that the mode may protect.
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

/** A walk with its current entry. */
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

  /** Skips a path and everything below it. */
  leave(path: string): void {
    const start = path.endsWith('/') ? path : `${path}/`;
    while (this.entry !== undefined && (this.entry.path === path || this.entry.path.startsWith(start))) this.next();
  }
}

/** The unreadable path, if either side is at one. */
function closedAt(one: Entry | undefined, other: Entry | undefined): string | undefined {
  const closed = [one, other].find((entry) => entry?.stats === null);
  // The name must exist on both sides; the content of an unreadable directory may be unknown to the other side.
  const isKnown = closed?.path.endsWith('/') || one?.path === other?.path;
  return isKnown ? closed?.path : undefined;
}

/** Returns the sum of the counts of all layers. */
export function total(counts: readonly Count[]): Count {
  const sum = nothing();
  for (const count of counts) {
    for (const key of Object.keys(sum) as (keyof Count)[]) sum[key] += count[key];
  }
  return sum;
}

/** Returns a path of a walk as text, without the leading slash. */
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
  if (isChangeable(entry, stats, census.changeable.length)) census.changeable.push(entry);
}

/**
 * Whether the demo may change this file: a small regular file in the root directory, or one of the first others whose
 * owner is mapped. An ordinary user cannot change other files, because all other users are unmapped in the user
 * namespace.
 */
function isChangeable({ path }: Entry, stats: Stats, known: number): boolean {
  if (!stats.isFile() || stats.size === 0 || stats.size > 65536) return false;
  return path.lastIndexOf('/') === 0 || (stats.uid !== NOBODY && known < 64);
}

/** Returns how a name differs, or undefined. The size and times of a merged directory are its own. */
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
