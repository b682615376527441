// Splits the option text of an overlay into words and layers. All text has one character for each byte (Latin-1).
import { invalidArgValue, printable } from '../kernel/errors.js';
import { keyOf } from '../kernel/words.js';
import { cut, withoutOctal } from '../table/mountinfo/latin1.js';

/**
 * The form of an option text.
 *
 * - `'table'`: the mount table. The kernel writes comma, space, tab, newline and backslash of each value as a backslash
 *   and three octal digits (fs/seq_file.c, seq_show_option), also in values that have escapes of their own.
 * - `'data'`: option data for mount(2). A backslash takes the special meaning from the next byte
 *   (fs/overlayfs/params.c, ovl_next_opt).
 */
export type Form = 'table' | 'data';

/**
 * Detects the form of option text by the backslashes in the text. A text without backslashes means the same in both
 * forms.
 */
export function formOf(text: string): Form {
  if (!text.replace(/\\[\\,:]/g, '').includes('\\')) return 'data';
  if (!text.replace(/\\[0-3][0-7]{2}/g, '').includes('\\')) return 'table';
  throw malformed('has backslashes that neither the mount table nor overlayData writes: give options.form');
}

/** Splits option text at commas. Decodes the octal escapes of the mount table, and keeps the escapes of overlayfs. */
export function wordsOf(text: string, form: Form): string[] {
  if (form === 'data') return cut(text, ',', true);
  return cut(text, ',', false).map((word) => {
    if (/\\(?:000|(?![0-3][0-7]{2}))/.test(word)) {
      throw malformed(`has a backslash without the octal digits of a byte in ${printableKey(word)}`);
    }
    return withoutOctal(word.startsWith('lowerdir=') ? withEscapedColons(word) : word);
  });
}

// Linux 6.5.8 and 6.6 (32db51070850) write a colon in the path of a layer as \072, whether it is escaped or not, and
// write every other colon as it is. This function converts each \072 to an escaped colon.
function withEscapedColons(lowerdir: string): string {
  return lowerdir.replace(/\\134(?:\\[0-3][0-7]{2}|[^\\])|\\072/gs, (found) => (found === '\\072' ? '\\134:' : found));
}

const WRONG_COLONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^:/, 'begins with a colon'],
  [/:$/, 'ends with a colon'],
  [/:::/, 'has three colons in a row'],
  [/::[^:]+:[^:]/, 'has an ordinary layer after a data-only layer (after ::)'],
];

/**
 * Returns the layers in the value of `lowerdir=`. One colon precedes an ordinary layer, and two colons precede a
 * data-only layer (fs/overlayfs/params.c, ovl_parse_param_split_lowerdirs).
 */
export function layersOf(lowerdir: string): { lower: string[]; dataOnly: string[] } {
  const bare = lowerdir.replace(/\\./gs, 'x');
  for (const [pattern, why] of WRONG_COLONS) if (pattern.test(bare)) throw malformed(`has a lowerdir that ${why}`);
  const parts = cut(lowerdir, ':', true);
  const middle = parts.indexOf('');
  const [lower, dataOnly] = middle < 0 ? [parts, []] : [parts.slice(0, middle), parts.slice(middle)];
  return { lower: lower.map(unescaped), dataOnly: dataOnly.filter((part) => part !== '').map(unescaped) };
}

/** Removes overlayfs's escapes from a path: each backslash, but not the byte after the backslash (ovl_unescape). */
export function unescaped(path: string): string {
  return path.replace(/\\(.?)/gs, (_, next: string) => {
    if (next === '') throw malformed('has a path that ends with half an escape');
    return next;
  });
}

/** Returns the name in a word for an error message. An error message must not show the value, which may be a secret. */
export function printableKey(word: string): string {
  return printable(Buffer.from(keyOf(word), 'latin1'));
}

/** Makes the error for option text that cannot be parsed. */
export function malformed(why: string): TypeError {
  return invalidArgValue('data', why);
}
