import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes } from '../kernel/words.js';
import { type Options, optionsOf } from './object.js';
import { workingDirectory } from './working-directory.js';

/**
 * A path: text, bytes, or a `file:` URL. Paths are bytes to Linux; a name that is not UTF-8 can be given as a Buffer.
 */
export type PathLike = string | Uint8Array | URL;

/**
 * What everybody asks of an argument: each function gives the value back, as the layers below take it, or throws a
 * `TypeError` or `RangeError` with Node's code that names the argument.
 */

/** A path. Bytes are copied, so that the caller may use the buffer again at once. */
export function pathArgument(name: string, value: unknown): Bytes {
  if (typeof value === 'string') return text(name, value);
  if (types.isUint8Array(value)) return bytes(name, value);
  if (value instanceof URL) return bytesOf(name, urlPath(value));
  throw invalidArgType(name, 'of type string or an instance of Buffer, Uint8Array or URL', value);
}

/** The same path for somebody else, who may write into it. */
export function copyOf(path: Bytes): Bytes {
  return typeof path === 'string' ? path : Buffer.from(path);
}

/** Whether a value is text that can be taken as it is: the short way for what nearly all paths are. */
export function isPlainText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && !value.includes('\0') && value.isWellFormed();
}

/** A path that has at least one byte. */
export function nonEmptyPathArgument(name: string, value: unknown): Bytes {
  const path = pathArgument(name, value);
  if (path.length === 0) throw invalidArgValue(name, 'must not be empty');
  return path;
}

/** Whether a path starts at the root, wherever the process is; one that is not there (null) does not matter. */
export function isAbsolute(path: Bytes | null): boolean {
  return path === null || (typeof path === 'string' ? path.startsWith('/') : path[0] === 0x2f);
}

/**
 * The path from the root, for what outlives the working directory of the moment. Nothing is normalized: `..` after a
 * symbolic link is not what it looks like. It is bytes where the path is, or where the directory's name is not UTF-8.
 */
export function absolutePath(path: Bytes): Bytes {
  if (isAbsolute(path) || path.length === 0) return path;
  const directory = workingDirectory(path);
  if (typeof directory === 'string' && typeof path === 'string') return `${directory}/${path}`;
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(path)]);
}

/** A string or null, as the filesystem's type is. */
export function nullableStringArgument(name: string, value: unknown): string | null {
  if (value === null) return null;
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string or null', value);
  return text(name, value);
}

/** A string that C can read. */
export function stringArgument(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
  return text(name, value);
}

/** Option data: text, bytes, or null. It may hold a secret, so no message shows it. */
export function dataArgument(name: string, value: unknown): Bytes | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return text(name, value);
  if (types.isUint8Array(value)) return bytes(name, value);
  throw invalidArgType(name, 'of type string, an instance of Buffer or Uint8Array, or null', value);
}

/** Flags: an integer that fits 32 bits, as mount(2) and umount2(2) have no more. */
export function flagsArgument(name: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw outOfRange(name, 'an integer >= 0 and <= 4294967295', value);
  }
  return value;
}

/**
 * What an object of options says, as a copy, if it says nothing but these: a mistyped option is an error, never ignored.
 * options.ts tells what counts.
 */
export function optionsArgument(name: string, value: unknown, known: ReadonlySet<string>): Readonly<Options> {
  const said = optionsOf(value, known);
  if (said === undefined) throw invalidArgType(name, 'of type object, with options by their names', value);
  for (const key in said) {
    if (!known.has(key)) throw invalidArgValue(`${name}.${key}`, `is not known. Known are: ${[...known].join(', ')}`);
  }
  return said;
}

/** A boolean that may be left out. */
export function booleanOption(name: string, value: unknown): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
  return value;
}

/** One of a few words, or left out. */
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
  // Half of a surrogate pair has no bytes; encoding it anyway would name another file.
  if (!value.isWellFormed()) throw invalidArgValue(name, 'must be well-formed Unicode; give other bytes as a Buffer');
  return value;
}

function bytes(name: string, value: Uint8Array): Buffer {
  refuseDetached(name, value);
  // Memory may be shared with another thread: the copy is what is checked.
  const copy = Buffer.from(value);
  if (copy.includes(0)) throw withoutNul(name);
  return copy;
}

function bytesOf(name: string, value: Bytes): Bytes {
  return typeof value === 'string' ? text(name, value) : bytes(name, value);
}

function withoutNul(name: string): TypeError {
  return invalidArgValue(name, 'must not contain null bytes: C would read it up to the first one only');
}

/** Bytes whose memory has gone to somebody else read as empty, which would be another path or another text. */
export function refuseDetached(name: string, view: Uint8Array): void {
  if (view.length !== 0) return;
  try {
    new Uint8Array(view.buffer);
  } catch {
    throw invalidArgValue(name, 'must not be detached');
  }
}

// Node decodes the path of a URL as UTF-8 only and throws a bare URIError for other bytes (%ff), which are as good.
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

/** Checks an encoding; undefined is `'utf8'`. */
export function encodingOption(value: unknown): 'utf8' | 'buffer' {
  return choiceOption('options.encoding', value, ['utf8', 'buffer']) ?? 'utf8';
}
