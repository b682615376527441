// Writes the option string of an overlay.
import { isUtf8 } from 'node:buffer';
import { choiceOption, optionsArgument } from '../arguments/check.js';
import { invalidArgValue } from '../kernel/errors.js';
import type { Bytes } from '../kernel/words.js';
import { type CheckedLayers, overlayLayers } from './layer-paths.js';
import { OVERLAY_OPTION_NAMES, overlayOptionWords } from './option-words.js';
import type { OverlaySpec } from './spec.js';

const SPEC_NAMES: ReadonlySet<string> = new Set(OVERLAY_OPTION_NAMES);
const OPTION_NAMES: ReadonlySet<string> = new Set(['encoding']);

/**
 * Returns the option string of an overlay for mount(2) or for `mount -o` (mount(8)). The string has the layers in
 * order, and a backslash before every byte that overlayfs treats specially. The function calls no system call and needs
 * no privilege.
 *
 * mount(2) takes less than a page of option data, the final NUL included ({@link pageSize}).
 *
 * @param spec the layers and the options of overlayfs; the first of `lower` is the topmost
 * @param options `encoding: 'buffer'` returns bytes, which a path that is not UTF-8 needs
 * @returns for example `'lowerdir=/top:/base,upperdir=/upper,workdir=/work'`
 * @throws `TypeError` with Node's codes for an unknown option, a wrong value, options that exclude each other, and a
 *   path that no string can hold
 * @example
 * ```ts
 * overlayData({ lower: ['/a:b', '/c,d'] }); // 'lowerdir=/a\\:b:/c\\,d'
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function overlayData(spec: OverlaySpec, options?: { encoding?: 'utf8' }): string;
export function overlayData(spec: OverlaySpec, options: { encoding: 'buffer' }): Buffer;
export function overlayData(spec: OverlaySpec, options: { encoding?: 'utf8' | 'buffer' } = {}): string | Buffer {
  const { encoding } = optionsArgument('options', options, OPTION_NAMES);
  const asBuffer = choiceOption('options.encoding', encoding, ['utf8', 'buffer']) === 'buffer';
  const checked = optionsArgument('spec', spec, SPEC_NAMES);
  const words = overlayOptionWords(checked);
  const data = joinOverlayData(overlayLayers(checked), words);
  if (asBuffer) return Buffer.from(data);
  if (typeof data !== 'string') {
    throw invalidArgValue('spec', "has a path that is not UTF-8, which no string can hold: give encoding: 'buffer'");
  }
  return data;
}

/**
 * Returns the option string of checked layers and words: a string if all bytes are UTF-8, and a Buffer otherwise.
 *
 * Overlayfs cuts its option string at every comma, and the value of lowerdir at every colon. A backslash takes the
 * special meaning from the next byte, and overlayfs removes the backslash afterwards (fs/overlayfs/params.c).
 *
 * @internal
 */
export function joinOverlayData(layers: CheckedLayers, words: readonly string[]): Bytes {
  const { lower, dataOnly, upper, work } = layers;
  if (layers.isPlain) {
    // Joining strings without the search for special characters takes 9 µs instead of 147 µs for 500 layers, and 0.1 µs
    // instead of 0.8 µs for two.
    let text = '';
    for (const layer of lower) text += `${text === '' ? 'lowerdir=' : ':'}${layer}`;
    for (const layer of dataOnly) text += `::${layer}`;
    if (upper !== null) text += `,upperdir=${upper}`;
    if (work !== null) text += `,workdir=${work}`;
    for (const word of words) text += `,${word}`;
    return text;
  }
  const parts: Bytes[] = [];
  for (const layer of lower) parts.push(parts.length === 0 ? 'lowerdir=' : ':', escaped(layer, IN_LOWERDIR));
  for (const layer of dataOnly) parts.push('::', escaped(layer, IN_LOWERDIR));
  if (upper !== null) parts.push(',upperdir=', escaped(upper, IN_DIRECTORY));
  if (work !== null) parts.push(',workdir=', escaped(work, IN_DIRECTORY));
  for (const word of words) parts.push(',', word);
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

// The characters that need a backslash. A colon in upperdir and workdir needs none.
const IN_LOWERDIR = /[\\,:]/g;
const IN_DIRECTORY = /[\\,]/g;

// All special bytes are below 0x80, so none is part of a longer UTF-8 character. Latin-1 has one character for each
// byte.
function escaped(path: Bytes, special: RegExp): Bytes {
  if (typeof path === 'string') return path.replace(special, '\\$&');
  return Buffer.from(path.toString('latin1').replace(special, '\\$&'), 'latin1');
}
