import { isUtf8 } from 'node:buffer';
import { isAbsolute, nonEmptyPathArgument, optionsArgument } from '../arguments/check.js';
import { invalidArgType, invalidArgValue } from '../kernel/errors.js';
import type { Bytes } from '../kernel/words.js';
import { OVERLAY_OPTION_NAMES, overlayOptionWords } from './options.js';
import type { OverlaySpec } from './spec.js';

const KNOWN: ReadonlySet<string> = new Set(OVERLAY_OPTION_NAMES);

// How overlayfs reads its option string (fs/overlayfs/params.c): cut at every comma, lowerdir cut again at every colon,
// a backslash takes the meaning from the next byte, then backslashes go.
const LOWER_SPECIAL = /[\\,:]/g;
const PATH_SPECIAL = /[\\,]/g;
const ANY_SPECIAL = /[\\,:]/;

/**
 * The option string that mounts an overlay, for mount(2) and for mount(8) `-o`: layers in order, every byte that means
 * something to overlayfs escaped. Nothing is mounted, and no privilege is needed.
 *
 * mount(2) takes no string of a page or more, the final NUL counted ({@link pageSize}).
 *
 * @param spec the layers, the first of `lower` is topmost, and the options of overlayfs
 * @param options `encoding: 'buffer'` gives bytes, as is needed when the name of a layer is not UTF-8
 * @returns for example `'lowerdir=/top:/base,upperdir=/upper,workdir=/work'`
 * @throws `TypeError` with Node's codes, for an unknown option, a wrong value, options that exclude each other, and a
 *   name that no string can hold
 * @example
 * ```ts
 * overlayData({ lower: ['/a:b', '/c,d'] }); // 'lowerdir=/a\\:b:/c\\,d'
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function overlayData(spec: OverlaySpec, options?: { encoding?: 'utf8' }): string;
export function overlayData(spec: OverlaySpec, options: { encoding: 'buffer' }): Buffer;
export function overlayData(spec: OverlaySpec, options: { encoding?: 'utf8' | 'buffer' } = {}): string | Buffer {
  const { encoding = 'utf8' } = optionsArgument('options', options, ENCODING);
  if (encoding !== 'utf8' && encoding !== 'buffer') {
    throw invalidArgValue('options.encoding', "must be 'utf8' or 'buffer'", { value: encoding });
  }
  const checked = optionsArgument('spec', spec, KNOWN);
  const words = overlayOptionWords(checked);
  const data = joinOverlayData(overlayLayers(checked), words);
  if (encoding === 'buffer') return Buffer.from(data);
  if (typeof data !== 'string') {
    throw invalidArgValue('spec', "has a name that is not UTF-8, which no string can hold: ask for encoding: 'buffer'");
  }
  return data;
}

const ENCODING: ReadonlySet<string> = new Set(['encoding']);

/** What is said about a spec's names, besides the names. */
interface NameFacts {
  /** All are text in which no character means anything to overlayfs. */
  isPlain: boolean;
  /** All begin at the root. */
  isAbsolute: boolean;
}

/** What {@link overlayLayers} has found. */
export type FoundLayers = OverlayLayers & Readonly<NameFacts>;

/** The layers that a spec names, checked. */
export interface OverlayLayers {
  readonly lower: readonly Bytes[];
  readonly dataOnly: readonly Bytes[];
  readonly upper: Bytes | null;
  readonly work: Bytes | null;
}

/**
 * Takes the layers out of an object whose keys are already known to be right.
 *
 * @internal
 */
export function overlayLayers(spec: Readonly<Record<string, unknown>>): FoundLayers {
  const facts: NameFacts = { isPlain: true, isAbsolute: true };
  const lower = layers('spec.lower', spec['lower'], facts);
  const dataOnly = spec['dataOnly'] === undefined ? NONE : layers('spec.dataOnly', spec['dataOnly'], facts);
  if (spec['upper'] === undefined && lower.length + dataOnly.length < 2) {
    throw invalidArgValue('spec.lower', 'must have at least two layers when there is no upper');
  }
  const upper = spec['upper'] === undefined ? null : layer('spec.upper', spec['upper'], facts);
  const work = spec['work'] === undefined ? null : layer('spec.work', spec['work'], facts);
  return { lower, dataOnly, upper, work, isPlain: facts.isPlain, isAbsolute: facts.isAbsolute };
}

const NONE: readonly Bytes[] = [];

/**
 * The option string of checked layers and words: text where all is UTF-8, bytes otherwise.
 *
 * @internal
 */
export function joinOverlayData(found: FoundLayers, words: readonly string[]): Bytes {
  const { lower, dataOnly, upper, work } = found;
  if (found.isPlain) {
    let text = '';
    for (const layer of lower) text += `${text === '' ? 'lowerdir=' : ':'}${layer}`;
    for (const layer of dataOnly) text += `::${layer}`;
    if (upper !== null) text += `,upperdir=${upper}`;
    if (work !== null) text += `,workdir=${work}`;
    for (const word of words) text += `,${word}`;
    return text;
  }
  const parts: Bytes[] = [];
  for (const layer of lower) parts.push(parts.length === 0 ? 'lowerdir=' : ':', escaped(layer, LOWER_SPECIAL));
  for (const layer of dataOnly) parts.push('::', escaped(layer, LOWER_SPECIAL));
  if (upper !== null) parts.push(',upperdir=', escaped(upper, PATH_SPECIAL));
  if (work !== null) parts.push(',workdir=', escaped(work, PATH_SPECIAL));
  for (const word of words) parts.push(',', word);
  return join(parts);
}

function layers(name: string, value: unknown, facts: NameFacts): Bytes[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  if (value.length === 0) throw invalidArgValue(name, 'must not be empty');
  const paths: Bytes[] = [];
  for (let index = 0; index < value.length; index += 1) {
    const one: unknown = value[index];
    paths.push(isPlainName(one) && isAbsolute(one) ? one : layer(`${name}[${index}]`, one, facts));
  }
  return paths;
}

function layer(name: string, value: unknown, facts: NameFacts): Bytes {
  const isSo = isPlainName(value);
  const path = isSo ? value : nonEmptyPathArgument(name, value);
  if (!isSo) facts.isPlain = false;
  if (!isAbsolute(path)) facts.isAbsolute = false;
  return path;
}

// Text that needs no check: without NUL, without halves of surrogate pairs, and without what means something to overlayfs.
const NOT_PLAIN = /[\0\\,:\ud800-\udfff]/;

function isPlainName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !NOT_PLAIN.test(value);
}

// The bytes that mean something are all below 0x80, and so never part of a longer UTF-8 character. Bytes that are not
// UTF-8 are looked at as Latin-1, one character each.
function escaped(path: Bytes, special: RegExp): Bytes {
  if (typeof path === 'string') return ANY_SPECIAL.test(path) ? path.replace(special, '\\$&') : path;
  return Buffer.from(path.toString('latin1').replace(special, '\\$&'), 'latin1');
}

function join(parts: readonly Bytes[]): Bytes {
  let text = '';
  for (const part of parts) {
    if (typeof part !== 'string') return joinBytes(parts);
    text += part;
  }
  return text;
}

function joinBytes(parts: readonly Bytes[]): Bytes {
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return isUtf8(bytes) ? bytes.toString() : bytes;
}
