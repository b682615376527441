import { invalidArgValue, printable } from '../kernel/errors.js';
import { cut } from '../table/mountinfo/latin1.js';

/**
 * How an overlay's options stand in text, and how it is taken apart. All text here has one character for each byte
 * (Latin-1), the way the kernel looks at it.
 *
 * `table`: the kernel writes comma, space, tab, newline and backslash of each value as a backslash and three octal
 * digits (fs/seq_file.c, seq_show_option), over whatever escapes the value has of its own. `data`: what mount(2) is
 * given, where a backslash takes the meaning from the next byte (fs/overlayfs/params.c, ovl_next_opt).
 */
export type Form = 'table' | 'data';

/** Which of the two a text is, by its backslashes; where it has none both are read alike. */
export function formOf(text: string): Form {
  if (!text.replace(/\\[\\,:]/g, '').includes('\\')) return 'data';
  if (!text.replace(/\\[0-3][0-7]{2}/g, '').includes('\\')) return 'table';
  throw malformed(
    'has backslashes neither as the mount table nor as overlayData writes them: say which by options.form',
  );
}

/** The words between commas. The octal escapes of the table are undone, those for overlayfs are not. */
export function wordsOf(text: string, form: Form): string[] {
  if (form === 'data') return cut(text, ',', true);
  return cut(text, ',', false).map((word) => withoutOctal(word.startsWith('lowerdir=') ? withColons(word) : word));
}

const WRONG_COLONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^:/, 'begins with a colon'],
  [/:$/, 'ends with a colon'],
  [/:::/, 'has three colons in a row'],
  [/::[^:]+:[^:]/, 'has an ordinary layer after one that is data-only (after ::)'],
];

/** The layers of `lowerdir=`: after a colon one more, after two one that is data-only (ovl_parse_param_split_lowerdirs). */
export function layersOf(lowerdir: string): { lower: string[]; dataOnly: string[] } {
  const bare = lowerdir.replace(/\\./gs, 'x');
  for (const [pattern, why] of WRONG_COLONS) if (pattern.test(bare)) throw malformed(`has a lowerdir that ${why}`);
  const parts = cut(lowerdir, ':', true);
  const middle = parts.indexOf('');
  const [lower, dataOnly] = middle < 0 ? [parts, []] : [parts.slice(0, middle), parts.slice(middle)];
  return { lower: lower.map(unescaped), dataOnly: dataOnly.filter((part) => part !== '').map(unescaped) };
}

/** A path without overlayfs's escapes (ovl_unescape): a backslash goes, whatever is next stays. */
export function unescaped(path: string): string {
  return path.replace(/\\(.?)/gs, (_, next: string) => {
    if (next === '') throw malformed('has a path that ends with half an escape');
    return next;
  });
}

/** What a word begins with, for messages: its value may be a secret. */
export function keyOf(word: string): string {
  return printable(Buffer.from(word.split('=', 1).join(), 'latin1'));
}

/** The text is wrong, and why. */
export function malformed(why: string): TypeError {
  return invalidArgValue('data', why);
}

function withoutOctal(word: string): string {
  return word.replace(/\\([0-3][0-7]{2})?/g, (_, octal: string | undefined) => {
    const byte = Number.parseInt(octal ?? '0', 8);
    if (byte === 0) throw malformed(`has a backslash without the octal digits of a byte in ${keyOf(word)}`);
    return String.fromCharCode(byte);
  });
}

// Some kernels (32db51070850: Linux 6.5.8, 6.6) write a colon of a name, and no other, as \072, be it escaped or not.
function withColons(lowerdir: string): string {
  return lowerdir.replace(/\\134(?:\\[0-3][0-7]{2}|[^\\])|\\072/gs, (found) => (found === '\\072' ? '\\134:' : found));
}
