import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { isWhiteout } from './layers.js';

/** A name, with its path from the root of the layers. Paths are bytes; here each byte is one character (latin1). */
export interface Entry {
  readonly path: string;
  /** The index of the layer that it comes from. */
  readonly layer: number;
  /** Null for what may not be read: a directory's contents, then the path ends with a slash, or the name itself. */
  readonly stats: Stats | null;
  /** Whether layers further down have the name too, and are merged with it or hidden by it. */
  readonly isMerged: boolean;
  readonly isCovering: boolean;
}

/** A directory that is being walked: its names in order, and the layers that have each. */
interface Frame {
  readonly path: string;
  readonly names: readonly (readonly [name: string, layers: readonly number[]])[];
  next: number;
}

/**
 * Walks the tree that overlayfs makes of layers, by overlayfs's rules but without overlayfs: the topmost layer that has
 * a name decides, directories are merged as far down as there are directories, and a whiteout hides what is below it.
 * Of one layer alone this is the layer as it is, and so the same walk serves the merged directory.
 *
 * Symbolic links are not followed. A directory comes before what is in it, and names come in the order of their bytes,
 * so that two walks can be compared step by step.
 *
 * @param layers the layers' paths, topmost first
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

/** The names in a directory and the layers that have each, or null if one layer may not be read, as overlayfs has it. */
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

/** What a name is, and the layers that it is made of: none if it is not there, several for merged directories. */
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

// What is deleted while it is being walked has no names.
function namesIn(path: Buffer): string[] {
  try {
    return readdirSync(path, 'latin1');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Null where permission is denied. */
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

/** The bytes of a path whose characters stand for one byte each. */
export function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
