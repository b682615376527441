// Checks a namespace that the caller gives by a process, by a descriptor or by a file.
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes, NativeNamespace } from '../kernel/words.js';
import { absolutePath, isAbsolute, nonEmptyPathArgument, optionsArgument, type PathLike } from './check.js';

/** A namespace other than the caller's own, given by a process, by an open descriptor or by a namespace file. */
export type Namespace =
  | {
      /** The PID of a process in the namespace. */
      pid: number;
    }
  | {
      /** An open descriptor of a namespace file, for example of `/proc/1234/ns/mnt`. */
      fd: number;
    }
  | {
      /** The path of a namespace file: `/proc/1234/ns/mnt`, or a bind mount of one. */
      path: PathLike;
    };

const KNOWN: ReadonlySet<string> = new Set(['pid', 'fd', 'path']);

/** Checks a namespace; undefined means the caller's own namespace and becomes null. */
export function namespaceArgument(name: string, value: unknown, kind: 'mnt' | 'user' = 'mnt'): NativeNamespace {
  if (value === undefined) return null;
  const options = optionsArgument(name, value, KNOWN);
  const { pid, fd, path } = options;
  if ([pid, fd, path].filter((each) => each !== undefined).length !== 1) {
    throw invalidArgValue(name, 'must have exactly one of pid, fd and path');
  }
  // The thread that opens the file has a working directory of its own, so the path must be absolute.
  if (path !== undefined) return absolutePath(nonEmptyPathArgument(`${name}.path`, path));
  if (fd !== undefined) return numberOf(`${name}.fd`, fd, 0);
  return `/proc/${numberOf(`${name}.pid`, pid, 1)}/ns/${kind}`;
}

function numberOf(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < least || value > 0x7fff_ffff) {
    throw outOfRange(name, `an integer >= ${least} and <= 2147483647`, value);
  }
  return value;
}

/**
 * Refuses relative paths with a namespace, because the working directory of this process does not exist in another one.
 */
export function refuseRelative(
  namespace: NativeNamespace,
  paths: readonly (readonly [name: string, path: Bytes | null])[],
): void {
  if (namespace === null) return;
  for (const [name, path] of paths) {
    if (!isAbsolute(path))
      throw invalidArgValue(name, 'must be absolute, because it is a path in another mount namespace');
  }
}
