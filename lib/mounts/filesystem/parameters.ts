// Checks the `parameters` of a filesystem, and turns them into an option string or into words for fsconfig(2).
import { types } from 'node:util';
import { refuseDetached } from '../../arguments/check.js';
import { type Options, optionsOf } from '../../arguments/object.js';
import { invalidArgType, invalidArgValue, outOfRange } from '../../kernel/errors.js';
import { pageSize } from '../../kernel/native.js';
import { type Bytes, keyOf } from '../../kernel/words.js';

/**
 * The parameters of a filesystem, by the kernel's names. A value is a string, an integer or bytes; `true` sets a
 * parameter that has no value; `false` and `undefined` omit the parameter. No error message contains a value, because
 * values may be secrets.
 */
export type FilesystemParameters = Readonly<Record<string, string | number | boolean | Uint8Array | undefined>>;

/** Parameters as words, `key` or `key=value`, and as one option string if they fit into one. */
export interface ParameterWords {
  readonly words: readonly Bytes[];
  /**
   * The parameters as one option string. Null if a value contains a comma, which separates parameters, or if the string
   * takes a page or more.
   */
  readonly data: Bytes | null;
}

// The kernel takes at most 256 bytes, NUL included: fs/fsopen.c, SYSCALL_DEFINE5(fsconfig), strndup_user(_value, 256).
const LONGEST_VALUE = 255;

/**
 * Throws if the value of a parameter is longer than fsconfig(2) allows. The kernel would fail with EINVAL and give no
 * reason.
 *
 * @param why the reason why the parameters cannot be one option string
 */
export function refuseLong(name: string, words: readonly Bytes[], why: string): void {
  const long = words.find((word) => valueLength(word) > LONGEST_VALUE);
  if (long === undefined) return;
  throw invalidArgValue(
    `${name}.${keyOf(long)}`,
    `must be at most ${LONGEST_VALUE} bytes, the limit of fsconfig(2): the parameters cannot be one option string, because ${why}`,
  );
}

/** Checks parameters, and converts them to words. Throws if the kernel has no interface that accepts the parameters. */
export function parameterWords(name: string, value: unknown): ParameterWords {
  if (value === undefined) return { words: [], data: '' };
  const words: Bytes[] = [];
  for (const [key, each] of Object.entries(parametersObject(name, value))) {
    const word = wordOf(name, key, each);
    if (word !== null) words.push(word);
  }
  const data = words.some(hasComma) ? null : joined(words);
  // On another operating system `pageSize` is NaN, so this check passes and the native call throws
  // ERR_UNSUPPORTED_PLATFORM.
  if (data !== null && !(Buffer.byteLength(data) >= pageSize)) return { words, data };
  refuseLong(name, words, data === null ? 'a value contains a comma' : 'the string would take a page or more');
  return { words, data: null };
}

/**
 * Copies the keys and values of a parameters object. Throws for an array or a Map, whose entries have no parameter
 * names.
 */
export function parametersObject(name: string, value: unknown): Options {
  const said = optionsOf(value);
  if (said === undefined) throw invalidArgType(name, 'of type object, with parameters by their names', value);
  return said;
}

function wordOf(name: string, key: string, value: unknown): Bytes | null {
  if (key === '' || /[=,\0]/.test(key) || !key.isWellFormed())
    throw invalidArgValue(
      name,
      'must not have a name that is empty, contains "=", "," or NUL, or is not well-formed Unicode',
    );
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
