// The text of values in the trace, as strace(1) writes them, in plain ASCII.
import type { Bytes, NativeTarget } from '../words.js';

// The same escapes as in strace 6.1: src/util.c, string_quote().
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

const LONGEST_TEXT = 1024;
const LONGEST_LIST = 8;

function escaped(byte: number, next: number | undefined): string {
  const known = ESCAPES.get(byte);
  if (known !== undefined) return known;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  // An octal escape before a digit needs three digits, because C would read the digit as a part of a shorter escape.
  const isBeforeDigit = next !== undefined && next >= 0x30 && next <= 0x37;
  return `\\${byte.toString(8).padStart(isBeforeDigit ? 3 : 1, '0')}`;
}

/** Returns bytes in quotes, escaped as in C: `"/a\n\377"`. The trace writes only the first 1,024 bytes. */
export function quoted(text: string | Buffer | null): string {
  if (text === null) return 'NULL';
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const shown = bytes.subarray(0, LONGEST_TEXT);
  const characters = Array.from(shown, (byte, index) => escaped(byte, shown[index + 1]));
  return `"${characters.join('')}"${bytes.length > LONGEST_TEXT ? '...' : ''}`;
}

/** Returns a list in brackets. The trace shortens a long list to its beginning and the number of omitted items. */
export function list(items: readonly string[]): string {
  const shown = items.slice(0, LONGEST_LIST);
  const more = items.length - shown.length;
  return `[${[...shown, ...(more > 0 ? [`... /* ${more} more */`] : [])].join(', ')}]`;
}

/** Returns `name=value`; for `true` the name alone, and for null, false and an empty list nothing. */
export function named(name: string, value: string | number | bigint | boolean | null): string[] {
  if (value === null || value === false || value === '[]') return [];
  return [value === true ? name : `${name}=${value}`];
}

/**
 * Formats the caller's option data as its length. The trace does not write names from the data: a comma may be a part
 * of a password.
 */
export function hiddenData(data: Bytes | null): string {
  return data === null ? 'NULL' : `... /* ${Buffer.byteLength(data)} bytes */`;
}

/** Returns a word `name` or `name=value` with the value replaced by dots. */
export function nameOfWord(word: Bytes): string {
  const text = word.toString();
  const end = text.indexOf('=');
  return end < 0 ? text : `${text.slice(0, end)}=...`;
}

/** Returns the names in option data that lib/mounts/filesystem/parameters.ts joined from words without commas. */
export function namesInData(data: Bytes | null): string | null {
  return data === null ? null : quoted(data.toString().split(',').map(nameOfWord).join(','));
}

const CREATE = ['', 'directory', 'file', 'match'] as const;
const RESOLVE = ['NO_SYMLINKS', 'NO_XDEV', 'EMULATE'] as const;

/** Formats a target: a path, or a path inside a root with the rules for the lookup of the path. */
export function targetText({ path, root, create, resolve }: NativeTarget): string {
  if (root === null) return quoted(path);
  const rules = RESOLVE.filter((_, bit) => (resolve & (1 << bit)) !== 0).join('|');
  const parts = [
    `root=${quoted(root)}, path=${quoted(path)}`,
    ...named('create', CREATE[create] || null),
    ...named('resolve', rules || null),
  ];
  return `{${parts.join(', ')}}`;
}
