import { types } from 'node:util';
import { refuseDetached } from '../../arguments/check.js';
import { type Options, optionsOf } from '../../arguments/object.js';
import { invalidArgType, invalidArgValue, outOfRange } from '../../kernel/errors.js';
import { pageSize } from '../../kernel/native.js';
import { type Bytes, keyOf } from '../../kernel/words.js';

/**
 * The parameters of a filesystem, by the kernel's names: a string, a number or bytes as its value, `true` for a word
 * without one. `false` and `undefined` leave it out. Values may be secrets and are in no message.
 */
export type FilesystemParameters = Readonly<Record<string, string | number | boolean | Uint8Array | undefined>>;

/** Parameters as words, `key` or `key=value`, and as one option string where they can be one. */
export interface ParameterWords {
  readonly words: readonly Bytes[];
  /** Null where a value has a comma, which no option string can hold, or all need a page or more. */
  readonly data: Bytes | null;
}

// fs/fsopen.c, SYSCALL_DEFINE5(fsconfig): strndup_user(_value, 256).
const LONGEST_VALUE = 255;

/**
 * Refuses a value that fsconfig(2) does not take, of parameters that go that way: the kernel's answer would be a bare
 * EINVAL.
 *
 * @param why why they cannot be one option string instead
 */
export function refuseLong(name: string, words: readonly Bytes[], why: string): void {
  const long = words.find((word) => valueLength(word) > LONGEST_VALUE);
  if (long === undefined) return;
  throw invalidArgValue(
    `${name}.${keyOf(long)}`,
    `has more than ${LONGEST_VALUE} bytes, which fsconfig(2) does not take, and an option string cannot be made, as ${why}`,
  );
}

/** Parameters, checked; what the kernel could be given in no way is refused. */
export function parameterWords(name: string, value: unknown): ParameterWords {
  if (value === undefined) return { words: [], data: '' };
  const words: Bytes[] = [];
  for (const [key, each] of Object.entries(parametersObject(name, value))) {
    const word = wordOf(name, key, each);
    if (word !== null) words.push(word);
  }
  const data = words.some(hasComma) ? null : joined(words);
  // On another operating system pages have no size: there the call itself says why not.
  if (data !== null && !(Buffer.byteLength(data) >= pageSize)) return { words, data };
  refuseLong(name, words, data === null ? 'some value has a comma' : 'all together need a page or more');
  return { words, data: null };
}

/** Keys and values, as a copy: of a list or a Map the keys would be lost, and that is an error. */
export function parametersObject(name: string, value: unknown): Options {
  const said = optionsOf(value);
  if (said === undefined) throw invalidArgType(name, 'of type object, with parameters by their names', value);
  return said;
}

function wordOf(name: string, key: string, value: unknown): Bytes | null {
  if (key === '' || /[=,\0]/.test(key) || !key.isWellFormed())
    throw invalidArgValue(name, 'has a name that is empty, has one of "=", "," and NUL, or is not well-formed');
  if (value === undefined || value === false) return null;
  if (value === true) return key;
  const label = `${name}.${key}`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw outOfRange(label, 'an integer');
    return `${key}=${value}`;
  }
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) throw invalidArgValue(label, 'must be text without null bytes');
    return `${key}=${value}`;
  }
  if (!types.isUint8Array(value)) {
    throw invalidArgType(label, 'of type string, number or boolean, or an instance of Uint8Array', value);
  }
  refuseDetached(label, value);
  const word = Buffer.concat([Buffer.from(`${key}=`), value]);
  if (word.includes(0)) throw invalidArgValue(label, 'must not contain null bytes');
  return word;
}

function hasComma(word: Bytes): boolean {
  return word.includes(',');
}

function valueLength(word: Bytes): number {
  const at = word.indexOf('=');
  return at < 0 ? 0 : Buffer.byteLength(word.slice(at + 1));
}

function joined(words: readonly Bytes[]): Bytes {
  if (words.every((word) => typeof word === 'string')) return words.join(',');
  return Buffer.concat(words.flatMap((word, index) => [Buffer.from(index === 0 ? '' : ','), Buffer.from(word)]));
}
