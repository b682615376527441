import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';
import { describeErrno } from './errno.js';

/** What {@link MountError} is made of. */
export interface MountErrorDetails {
  /** The number of the error, positive as in C. */
  errno: number;
  /** The C call that failed. */
  syscall: string;
  /** {@link MountError.path} */
  path?: string | Buffer | undefined;
  /** {@link MountError.dest} */
  dest?: string | Buffer | undefined;
  /** {@link MountError.fsType} */
  fsType?: string | undefined;
  /** {@link MountError.flags} */
  flags?: string | undefined;
  /** {@link MountError.step} */
  step?: string | undefined;
  /** {@link MountError.kernelLog} */
  kernelLog?: string | undefined;
  /** {@link MountError.reason} */
  reason?: string | undefined;
  /** {@link MountError.left} */
  left?: readonly string[] | undefined;
  /** What the message calls that. */
  leftIs?: string | undefined;
}

/**
 * The kernel said no. Shaped like the errors of `node:fs`, with more to go by.
 *
 * The message reads `EINVAL: invalid argument, mount 'overlay' -> '/merged'`, followed by the reason where it is
 * known. Option data is in neither, as it may hold secrets.
 *
 * @example
 * ```ts
 * try {
 *   await mount('/dev/sdb1', '/data', 'ext4');
 * } catch (error) {
 *   if (error instanceof MountError && error.code === 'EBUSY') console.error(error.reason ?? error.message);
 *   else throw error;
 * }
 * ```
 */
export class MountError extends Error {
  /** The error's name, for example `'EBUSY'`. */
  readonly code: string;
  /** The error's number, negative as in `node:fs`. */
  readonly errno: number;
  /** The C call that failed: `'mount'`, `'umount2'`, `'move_mount'` … */
  readonly syscall: string;
  /** The source, or the only path of the call, as it was given. */
  declare readonly path?: string | Buffer;
  /** The target, when there is a source too. */
  declare readonly dest?: string | Buffer;
  /** The type of the filesystem asked for. */
  declare readonly fsType?: string;
  /** The flags by name, for example `'MS_BIND|MS_RDONLY'`. */
  declare readonly flags?: string;
  /** What was being done: an operation may take several system calls. */
  declare readonly step?: string;
  /** What the kernel wrote about it, where it wrote anything. */
  declare readonly kernelLog?: string;
  /** One sentence: what is wrong and what to do. */
  declare readonly reason?: string;
  /** What is still there: it could not be undone after the failure, or, of umount, could not be taken down. */
  declare readonly left?: readonly string[];

  /** @param details the number of the error, the C call that failed, and the properties that are known */
  constructor({ errno, syscall, leftIs = 'could not be undone', ...details }: MountErrorDetails) {
    const { name, message } = describeErrno(errno);
    const { path, dest, reason, left } = details;
    let text = `${name}: ${message}, ${syscall}`;
    if (path !== undefined) text += ` ${printable(path)}`;
    if (dest !== undefined) text += ` -> ${printable(dest)}`;
    if (reason !== undefined) text += `: ${reason}`;
    if (left !== undefined) text += ` (${leftIs}: ${left.join(', ')})`;
    super(text);
    this.code = name;
    this.errno = -errno;
    this.syscall = syscall;
    for (const [key, value] of Object.entries(details)) {
      if (value === undefined) continue;
      // A handle may go on to use the bytes that its error is about.
      const own = Buffer.isBuffer(value) ? Buffer.from(value) : value;
      Object.defineProperty(this, key, { value: own, enumerable: true, configurable: true });
    }
  }
}
// A class field would be an own property of every error; like Node's, the name belongs to the class.
Object.defineProperty(MountError.prototype, 'name', { value: 'MountError', writable: true, configurable: true });

/** A path in quotes, on one line and unambiguous: control characters and bytes that are not UTF-8 as `\xNN`. */
export function printable(path: string | Buffer): string {
  const text = typeof path === 'string' || isUtf8(path) ? path.toString() : path.toString('latin1');
  const strange = typeof path === 'string' || isUtf8(path) ? /\p{Cc}/gu : /[^ -~]/g;
  return `'${text.replace(strange, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`;
}

function withCode<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code });
}

/** A `TypeError` with code `ERR_INVALID_ARG_TYPE`, in Node's words. */
export function invalidArgType(name: string, expected: string, received: unknown): TypeError & { code: string } {
  const message = `The ${named(name)} must be ${expected}. Received ${describeType(received)}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

/**
 * A `TypeError` with code `ERR_INVALID_ARG_VALUE`, in Node's words.
 *
 * @param received the value, printed with the message; left out where it may be a secret
 */
export function invalidArgValue(
  name: string,
  why: string,
  received?: { value: unknown },
): TypeError & { code: string } {
  const shown =
    received === undefined ? '' : `. Received ${inspect(received.value, { depth: 0, breakLength: Infinity })}`;
  return withCode(new TypeError(`The ${named(name)} ${why}${shown}`), 'ERR_INVALID_ARG_VALUE');
}

/**
 * A `RangeError` with code `ERR_OUT_OF_RANGE`, in Node's words.
 *
 * @param received left out where it may be a secret
 */
export function outOfRange(name: string, range: string, received?: unknown): RangeError & { code: string } {
  const shown = received === undefined ? '' : `. Received ${inspect(received)}`;
  const message = `The value of "${name}" is out of range. It must be ${range}${shown}`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/** An `Error` with code `ERR_INVALID_STATE`, as Node's own has: the object cannot be used like that, now or any more. */
export function invalidState(why: string): Error & { code: string } {
  return withCode(new Error(why), 'ERR_INVALID_STATE');
}

/** An `Error` with code `ERR_UNSUPPORTED_PLATFORM`: the call exists on Linux only. */
export function unsupportedPlatform(call: string): Error & { code: string } {
  const message = `${call} is a system call of Linux; this is ${process.platform}`;
  return withCode(new Error(message), 'ERR_UNSUPPORTED_PLATFORM');
}

function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `an instance of ${value.constructor?.name ?? 'Object'}` : `type ${typeof value}`;
}

function named(name: string): string {
  return name.includes('.') || name.includes('[') ? `"${name}" property` : `"${name}" argument`;
}
