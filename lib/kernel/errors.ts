// Makes the errors that this library throws: MountError, and errors for arguments with Node's codes.
import { isUtf8 } from 'node:buffer';
import { inspect } from 'node:util';
import { describeErrno } from './errno.js';

/** The details that the constructor of {@link MountError} takes. */
export interface MountErrorDetails {
  /** The error number, positive as in C. */
  errno: number;
  /** The C call that failed, for example `'umount2'`. */
  syscall: string;
  /** The value of {@link MountError.path}. */
  path?: string | Buffer | undefined;
  /** The value of {@link MountError.dest}. */
  dest?: string | Buffer | undefined;
  /** The value of {@link MountError.fsType}. */
  fsType?: string | undefined;
  /** The value of {@link MountError.flags}. */
  flags?: string | undefined;
  /** The value of {@link MountError.step}. */
  step?: string | undefined;
  /** The value of {@link MountError.kernelLog}. */
  kernelLog?: string | undefined;
  /** The value of {@link MountError.reason}. */
  reason?: string | undefined;
  /** The value of {@link MountError.left}. */
  left?: readonly string[] | undefined;
  /** The words before {@link left} in the message: `'could not be undone'` by default. */
  leftIs?: string | undefined;
}

/**
 * The error of a failed system call: the properties of an error of `node:fs`, and the reason for the failure.
 *
 * The message reads `EINVAL: invalid argument, mount 'overlay' -> '/merged'`, followed by the reason if the reason is
 * known. Neither the message nor the reason contains option data, because option data may hold secrets.
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
  /** The name of the error, for example `'EBUSY'`. */
  readonly code: string;
  /** The number of the error, negative as in `node:fs`. */
  readonly errno: number;
  /** The C call that failed: `'mount'`, `'umount2'`, `'move_mount'` … */
  readonly syscall: string;
  /** The source, or the only path of the call, as the caller gave it. */
  declare readonly path?: string | Buffer;
  /** The target, if the call has a source too. */
  declare readonly dest?: string | Buffer;
  /** The filesystem type that the caller gave. */
  declare readonly fsType?: string;
  /** The flags of the call by name, for example `'MS_BIND|MS_RDONLY'`. */
  declare readonly flags?: string;
  /**
   * The step of the operation that failed, for example `'set attributes'`: an operation may take several system calls.
   */
  declare readonly step?: string;
  /** The messages that the kernel wrote about the failed call to the filesystem context of fsopen(2). */
  declare readonly kernelLog?: string;
  /** The cause of the failure, and what to do. */
  declare readonly reason?: string;
  /** What the failed operation could not undo, or, for an unmount, the mount points that are still mounted. */
  declare readonly left?: readonly string[];

  /** @param details the error number, the C call that failed, and the known properties of the error */
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
      // A copy, because the library may still use the Buffer: a caller who writes into the error must not change it.
      const own = Buffer.isBuffer(value) ? Buffer.from(value) : value;
      Object.defineProperty(this, key, { value: own, enumerable: true, configurable: true });
    }
  }
}
// The name is a property of the prototype, as for Node's own errors; a class field would be an own property of each
// error.
Object.defineProperty(MountError.prototype, 'name', { value: 'MountError', writable: true, configurable: true });

/** Quotes a path on one line: control characters, and the bytes of a path that is not UTF-8, are shown as `\xNN`. */
export function printable(path: string | Buffer): string {
  const text = typeof path === 'string' || isUtf8(path) ? path.toString() : path.toString('latin1');
  const strange = typeof path === 'string' || isUtf8(path) ? /\p{Cc}/gu : /[^ -~]/g;
  return `'${text.replace(strange, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`;
}

function withCode<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code });
}

/** Makes a `TypeError` with the code `ERR_INVALID_ARG_TYPE` and a message in the style of Node. */
export function invalidArgType(name: string, expected: string, received: unknown): TypeError & { code: string } {
  const message = `The ${named(name)} must be ${expected}. Received ${describeType(received)}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

/**
 * Makes a `TypeError` with the code `ERR_INVALID_ARG_VALUE` and a message in the style of Node.
 *
 * @param received the value to show in the message; undefined if the value may be a secret
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
 * Makes a `RangeError` with the code `ERR_OUT_OF_RANGE` and a message in the style of Node.
 *
 * @param received the value to show in the message; undefined if the value may be a secret
 */
export function outOfRange(name: string, range: string, received?: unknown): RangeError & { code: string } {
  const shown = received === undefined ? '' : `. Received ${inspect(received)}`;
  const message = `The value of "${name}" is out of range. It must be ${range}${shown}`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/**
 * Makes an `Error` with Node's code `ERR_INVALID_STATE`: the object cannot be used in this way in its present state.
 */
export function invalidState(why: string): Error & { code: string } {
  return withCode(new Error(why), 'ERR_INVALID_STATE');
}

/** Makes an `Error` with the code `ERR_UNSUPPORTED_PLATFORM`: the call exists only on Linux. */
export function unsupportedPlatform(call: string): Error & { code: string } {
  const message = `${call} is a system call of Linux, and this platform is ${process.platform}: run the program on Linux`;
  return withCode(new Error(message), 'ERR_UNSUPPORTED_PLATFORM');
}

function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `an instance of ${value.constructor?.name ?? 'Object'}` : `type ${typeof value}`;
}

function named(name: string): string {
  return name.includes('.') || name.includes('[') ? `"${name}" property` : `"${name}" argument`;
}
