// Checks the paths of the layers of an overlay, makes them absolute, and tells which paths mean the same to every
// process.
import { absolutePath, isAbsolute, nonEmptyPathArgument } from '../arguments/check.js';
import { invalidArgType, invalidArgValue } from '../kernel/errors.js';
import type { Bytes } from '../kernel/words.js';
import { bytesText } from '../table/mountinfo/latin1.js';

/** The paths of the layers of an overlay. */
export interface OverlayLayers {
  readonly lower: readonly Bytes[];
  readonly dataOnly: readonly Bytes[];
  readonly upper: Bytes | null;
  readonly work: Bytes | null;
}

/** The checked layers of an overlay. */
export interface CheckedLayers extends OverlayLayers {
  /** Whether all paths are strings without a character that an option string has to escape. */
  readonly isPlain: boolean;
  /** Whether all paths are absolute. */
  readonly isAbsolute: boolean;
}

type PathFacts = { -readonly [Name in 'isPlain' | 'isAbsolute']: CheckedLayers[Name] };

/**
 * Returns the layers that an object of options names. The caller has checked the names of the options.
 *
 * @internal
 * @throws `TypeError` with Node's codes for a wrong path and for too few layers
 */
export function overlayLayers(spec: Readonly<Record<string, unknown>>): CheckedLayers {
  const facts: PathFacts = { isPlain: true, isAbsolute: true };
  const lower = layerPaths('spec.lower', spec['lower'], facts);
  const dataOnly = spec['dataOnly'] === undefined ? NONE : layerPaths('spec.dataOnly', spec['dataOnly'], facts);
  if (spec['upper'] === undefined && lower.length + dataOnly.length < 2) {
    throw invalidArgValue('spec.lower', 'must have at least two layers when there is no upper');
  }
  const upper = spec['upper'] === undefined ? null : layerPath('spec.upper', spec['upper'], facts);
  const work = spec['work'] === undefined ? null : layerPath('spec.work', spec['work'], facts);
  return { lower, dataOnly, upper, work, isPlain: facts.isPlain, isAbsolute: facts.isAbsolute };
}

const NONE: readonly Bytes[] = [];

function layerPaths(name: string, value: unknown, facts: PathFacts): Bytes[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  if (value.length === 0) throw invalidArgValue(name, 'must not be empty');
  const paths: Bytes[] = [];
  // Array.prototype.map would skip the holes of the array.
  for (let index = 0; index < value.length; index += 1) {
    paths.push(layerPath(name, value[index], facts, index));
  }
  return paths;
}

function layerPath(name: string, value: unknown, facts: PathFacts, index?: number): Bytes {
  const isPlain = isPlainPath(value);
  const path = isPlain ? value : nonEmptyPathArgument(index === undefined ? name : `${name}[${index}]`, value);
  if (!isPlain) facts.isPlain = false;
  if (!isAbsolute(path)) facts.isAbsolute = false;
  return path;
}

// The characters that a plain path does not have: NUL, halves of surrogate pairs, and special characters of the option
// string of overlayfs.
const NOT_PLAIN = /[\0\\,:\ud800-\udfff]/;

function isPlainPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !NOT_PLAIN.test(value);
}

/** Returns the layers with absolute paths, because a handle may be used after the working directory has changed. */
export function absoluteLayers(layers: CheckedLayers): OverlayLayers {
  if (layers.isAbsolute) return layers;
  const { lower, dataOnly, upper, work } = layers;
  return {
    lower: lower.map(absolutePath),
    dataOnly: dataOnly.map(absolutePath),
    upper: upper === null ? null : absolutePath(upper),
    work: work === null ? null : absolutePath(work),
  };
}

/**
 * Returns whether the path that the mount table shows for a layer means the same directory to every process. A relative
 * path and the path of a descriptor (`/proc/self/fd/5`) mean different directories to different processes.
 */
export function isSameForEveryProcess(path: Bytes): boolean {
  return isAbsolute(path) && !mayBeIdmappedLayer(path) && !/^\/proc\/(?:thread-)?self\//.test(bytesText(path));
}

/**
 * Returns whether the path may be the path of an idmapped layer. The addon attaches idmapped layers at paths like `/0`
 * in a private mount namespace: src-native/overlay/private_overlay.cc.
 */
export function mayBeIdmappedLayer(path: Bytes): boolean {
  return /^\/\d+$/.test(bytesText(path));
}
