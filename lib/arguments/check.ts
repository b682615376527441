// Checks the arguments of every operation and converts them to what the addon takes.
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes } from '../kernel/words.js';
import { type Options, optionsOf } from './object.js';
import { workingDirectory } from './working-directory.js';

/**
 * A path as a string, as bytes or as a `file:` URL. Linux paths are bytes, so give a path that is not UTF-8 as a
 * Buffer.
 */
export type PathLike = string | Uint8Array | URL;

// Each function of this file returns the converted value, or throws a `TypeError` or `RangeError` that names the
// argument and has one of Node's error codes.

/** Checks a path and copies its bytes, so that the caller may reuse the buffer at once. */
export function pathArgument(name: string, value: unknown): Bytes {
  if (typeof value === 'string') return text(name, value);
  if (types.isUint8Array(value)) return bytes(name, value);
  if (value instanceof URL) return bytesOf(name, urlPath(value));
  throw invalidArgType(name, 'of type string or an instance of Buffer, Uint8Array or URL', value);
}

/** Copies a path, so that a caller who writes into the copy does not change the original. */
export function copyOf(path: Bytes): Bytes {
  return typeof path === 'string' ? path : Buffer.from(path);
}

/** Checks a path that must have at least one byte. */
export function nonEmptyPathArgument(name: string, value: unknown): Bytes {
  const path = pathArgument(name, value);
  if (path.length === 0) throw invalidArgValue(name, 'must not be empty');
  return path;
}

/** Whether a path is absolute; null, for a path that the caller left out, counts as absolute. */
export function isAbsolute(path: Bytes | null): boolean {
  return path === null || (typeof path === 'string' ? path.startsWith('/') : path[0] === 0x2f);
}

/**
 * Makes a path absolute, so that the path stays valid after a chdir(2). The path is not normalized, because `..` after
 * a symbolic link names another directory than the text suggests. The result is a Buffer if the path is a Buffer, or if
 * the working directory is not UTF-8.
 */
export function absolutePath(path: Bytes): Bytes {
  if (isAbsolute(path) || path.length === 0) return path;
  const directory = workingDirectory(path);
  if (typeof directory === 'string' && typeof path === 'string') return `${directory}/${path}`;
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(path)]);
}

/** Checks a string that may be null, such as a filesystem type. */
export function nullableStringArgument(name: string, value: unknown): string | null {
  if (value === null) return null;
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string or null', value);
  return text(name, value);
}

/** Checks a string that can be passed to C: without a NUL, and well-formed Unicode. */
export function stringArgument(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
  return text(name, value);
}

/** Checks option data: a string, bytes or null. No message shows the data, because the data may hold a secret. */
export function dataArgument(name: string, value: unknown): Bytes | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return text(name, value);
  if (types.isUint8Array(value)) return bytes(name, value);
  throw invalidArgType(name, 'of type string, an instance of Buffer or Uint8Array, or null', value);
}

/** Checks flags: an integer of 32 bits, because mount(2) and umount2(2) use no more. Undefined becomes 0. */
export function flagsArgument(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw outOfRange(name, 'an integer >= 0 and <= 4294967295', value);
  }
  return value;
}

/**
 * Copies the options of an object (see {@link optionsOf}), and refuses unknown options so that no typing error is
 * ignored.
 */
export function optionsArgument(name: string, value: unknown, known: ReadonlySet<string>): Readonly<Options> {
  const options = optionsOf(value, known);
  if (options === undefined) throw invalidArgType(name, 'an object with named options', value);
  for (const key in options) {
    if (!known.has(key)) {
      throw invalidArgValue(`${name}.${key}`, `is not a known option. The known options are: ${[...known].join(', ')}`);
    }
  }
  return options;
}

/** Checks a boolean option; undefined means that the caller left the option out. */
export function booleanOption(name: string, value: unknown): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
  return value;
}

/** Checks an option that has one of a few values; undefined means that the caller left the option out. */
export function choiceOption<T extends string>(name: string, value: unknown, choices: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
  if (!choices.includes(value as T)) {
    throw invalidArgValue(name, `must be one of: ${choices.map((choice) => `'${choice}'`).join(', ')}`, { value });
  }
  return value as T;
}

function text(name: string, value: string): string {
  if (value.includes('\0')) throw withoutNul(name);
  // A lone surrogate has no UTF-8 encoding; Node would replace it by U+FFFD, which names another file.
  if (!value.isWellFormed()) {
    throw invalidArgValue(name, 'must be well-formed Unicode: give a path that is not UTF-8 as a Buffer');
  }
  return value;
}

function bytes(name: string, value: Uint8Array): Buffer {
  refuseDetached(name, value);
  // Another thread may write into shared memory during the check, so the copy is checked and used.
  const copy = Buffer.from(value);
  if (copy.includes(0)) throw withoutNul(name);
  return copy;
}

function bytesOf(name: string, value: Bytes): Bytes {
  return typeof value === 'string' ? text(name, value) : bytes(name, value);
}

function withoutNul(name: string): TypeError {
  return invalidArgValue(name, 'must not contain null bytes, because C strings end at the first null byte');
}

/**
 * Refuses a view of a detached ArrayBuffer, which reads as empty and would become an empty path or empty option data.
 */
export function refuseDetached(name: string, view: Uint8Array): void {
  if (view.length !== 0) return;
  try {
    new Uint8Array(view.buffer);
  } catch {
    throw invalidArgValue(name, 'must not be a view of a detached ArrayBuffer');
  }
}

// fileURLToPath() throws a URIError for percent-encoded bytes that are not UTF-8 (%ff), which are valid in a Linux
// path.
function urlPath(url: URL): Bytes {
  try {
    return fileURLToPath(url);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    const decoded = url.pathname.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(decoded, 'latin1');
  }
}

/** Checks the option `encoding`; undefined becomes `'utf8'`. */
export function encodingOption(value: unknown): 'utf8' | 'buffer' {
  return choiceOption('options.encoding', value, ['utf8', 'buffer']) ?? 'utf8';
}
