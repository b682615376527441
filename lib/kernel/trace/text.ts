import type { Bytes, NamespaceWord, TargetWords } from '../words.js';

/**
 * How the arguments and results of calls are written in a trace: as strace(1) writes them, in plain ASCII. Nothing in here
 * prints the value of an option, which may be a secret.
 */

// strace 6.1, src/util.c, string_quote().
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
  // Before a digit all three places are needed, or it would be read as one of them.
  const isBeforeDigit = next !== undefined && next >= 0x30 && next <= 0x37;
  return `\\${byte.toString(8).padStart(isBeforeDigit ? 3 : 1, '0')}`;
}

/** Bytes in quotes, escaped as in C: `"/a\n\377"`. Of more than 1024 the beginning. */
export function quoted(text: string | Buffer | null): string {
  if (text === null) return 'NULL';
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const shown = bytes.subarray(0, LONGEST_TEXT);
  const characters = Array.from(shown, (byte, index) => escaped(byte, shown[index + 1]));
  return `"${characters.join('')}"${bytes.length > LONGEST_TEXT ? '...' : ''}`;
}

/** A list, of a long one the beginning and how many more there are. */
export function list(items: readonly string[]): string {
  const shown = items.slice(0, LONGEST_LIST);
  const more = items.length - shown.length;
  return `[${[...shown, ...(more > 0 ? [`... /* ${more} more */`] : [])].join(', ')}]`;
}

/** An argument by its name; nothing where it says nothing: null, false and empty lists. */
export function named(name: string, value: string | number | bigint | boolean | null): string[] {
  if (value === null || value === false || value === '[]') return [];
  return [value === true ? name : `${name}=${value}`];
}

/**
 * Option data that somebody else has put together. What is a name in it cannot be told for sure (a password may have a
 * comma), so that it is told how long it is and nothing else.
 */
export function hiddenData(data: Bytes | null): string {
  return data === null ? 'NULL' : `... /* ${Buffer.byteLength(data)} bytes */`;
}

/** A word `name` or `name=value`, without the value. */
export function nameOfWord(word: Bytes): string {
  const text = word.toString();
  const end = text.indexOf('=');
  return end < 0 ? text : `${text.slice(0, end)}=...`;
}

/** Option data that was put together in lib/parameters.ts, of words without commas: the names. */
export function namesInData(data: Bytes | null): string | null {
  return data === null ? null : quoted(data.toString().split(',').map(nameOfWord).join(','));
}

const CREATE = ['', 'directory', 'file', 'match'] as const;
const RESOLVE = ['NO_SYMLINKS', 'NO_XDEV', 'EMULATE'] as const;

/** A target: a path, or a place in a root with what it says about itself. */
export function place(path: Bytes, root: Bytes | null, create: number, resolve: number): string {
  if (root === null) return quoted(path);
  const rules = RESOLVE.filter((_, bit) => (resolve & (1 << bit)) !== 0).join('|');
  const parts = [
    `root=${quoted(root)}, path=${quoted(path)}`,
    ...named('create', CREATE[create] || null),
    ...named('resolve', rules || null),
  ];
  return `{${parts.join(', ')}}`;
}

/** A target by its name, of a call that has one. */
export function namedPlace(name: string, target: TargetWords): string[] {
  const [path, root] = target;
  return root === null && path.length === 0 ? [] : [`${name}=${place(...target)}`];
}

/** The namespace that a call goes to, if that is another. */
export function inNamespace(namespace: NamespaceWord): string[] {
  return named('namespace', namespace === null || typeof namespace === 'number' ? namespace : quoted(namespace));
}
