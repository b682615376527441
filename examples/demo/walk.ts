// Walks the tree that overlayfs shows for a list of layers, without overlayfs.
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { isWhiteout } from './layers.js';

/** A name and its path from the root of the layers. Paths are bytes, with one character for each byte (latin1). */
export interface Entry {
  readonly path: string;
  /** The index of the layer that provides the entry. */
  readonly layer: number;
  /**
   * The status of the entry, or null if it is not readable. The path of a directory with unreadable content ends with a
   * slash.
   */
  readonly stats: Stats | null;
  /** Whether lower layers have the name too, and are merged with this entry or hidden by it. */
  readonly isMerged: boolean;
  readonly isCovering: boolean;
}

/** A directory that is being walked: its sorted names, and the layers that have each name. */
interface Frame {
  readonly path: string;
  readonly names: readonly (readonly [name: string, layers: readonly number[]])[];
  next: number;
}

/**
 * Walks the tree of layers by the rules of overlayfs, without overlayfs: the topmost layer with a name decides,
 * directories are merged with the directories below them, and a whiteout hides lower entries. The walk of a single
 * layer gives the layer itself, so the same function walks the merged directory.
 *
 * The walk does not follow symbolic links. A directory comes before its entries, and names are sorted by their bytes,
 * so that two walks can be compared step by step.
 *
 * @param layers the paths of the layers, topmost first
 */
export function* walk(layers: readonly string[]): Generator<Entry> {
  const roots = layers.map((path) => Buffer.from(path).toString('latin1'));
  const unreadable = (path: string, layer: number): Entry => ({
    path,
    layer,
    stats: null,
    isMerged: false,
    isCovering: false,
  });
  const frames: Frame[] = [];
  const enter = function* (path: string, from: readonly number[]): Generator<Entry> {
    const names = namesOf(roots, path, from);
    if (names === null) yield unreadable(`${path}/`, from[0] ?? 0);
    else frames.push({ path, names, next: 0 });
  };
  yield* enter(
    '',
    roots.map((_, index) => index),
  );
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const entry = frame.names[frame.next++];
    if (entry === undefined) {
      frames.pop();
      continue;
    }
    const [name, having] = entry;
    const path = `${frame.path}/${name}`;
    const found = lookUp(roots, path, having);
    if (found === 'unreadable') {
      yield unreadable(path, having[0] ?? 0);
      continue;
    }
    const [layer] = found.from;
    if (layer === undefined) continue;
    const isMerged = found.from.length > 1;
    const isCovering = having.length > found.from.length;
    yield { path, layer, stats: found.stats, isMerged, isCovering };
    if (found.stats?.isDirectory()) yield* enter(path, found.from);
  }
}

/**
 * Returns the names in a directory with the layers that have each, or null if a layer is not readable, as overlayfs
 * does.
 */
function namesOf(roots: readonly string[], path: string, from: readonly number[]): Frame['names'] | null {
  const names = new Map<string, number[]>();
  for (const layer of from) {
    const list = permitted(() => namesIn(bytes(`${roots[layer]}${path}`)));
    if (list === null) return null;
    for (const name of list) {
      const having = names.get(name);
      if (having === undefined) names.set(name, [layer]);
      else having.push(layer);
    }
  }
  return [...names].sort(([one], [other]) => (one < other ? -1 : 1));
}

/**
 * Returns the kind of a name and the layers that form it: none if it does not exist, several for a merged directory.
 */
function lookUp(
  roots: readonly string[],
  path: string,
  having: readonly number[],
): { stats: Stats | null; from: number[] } | 'unreadable' {
  let top: Stats | null = null;
  const from: number[] = [];
  for (const layer of having) {
    const stats = permitted(() => lstatSync(bytes(`${roots[layer]}${path}`), { throwIfNoEntry: false }));
    if (stats === null) return 'unreadable';
    if (stats === undefined) continue; // deleted since the directory was read
    if (isWhiteout(stats) || (top !== null && !stats.isDirectory())) break;
    top ??= stats;
    from.push(layer);
    if (!stats.isDirectory()) break;
  }
  return { stats: top, from };
}

// A directory that is deleted during the walk has no names.
function namesIn(path: Buffer): string[] {
  try {
    return readdirSync(path, 'latin1');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Returns null if permission is denied. */
function permitted<T>(call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (isCode(error, 'EACCES')) return null;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Returns the bytes of a path that has one character for each byte. */
export function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
