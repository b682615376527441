import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes, NativeNamespace } from '../kernel/words.js';
import { absolutePath, isAbsolute, nonEmptyPathArgument, optionsArgument, type PathLike } from './check.js';

/**
 * A namespace that is not this process's: that of a process, one that is open, or one that has a file.
 */
export type Namespace =
  | {
      /** The number of a process: the namespace that it is in. */
      pid: number;
    }
  | {
      /** A descriptor of a namespace's file, as `open('/proc/1234/ns/mnt')` gives. */
      fd: number;
    }
  | {
      /** A file of a namespace, as bound by `ip netns` and the like, or `/proc/1234/ns/mnt`. */
      path: PathLike;
    };

const KNOWN: ReadonlySet<string> = new Set(['pid', 'fd', 'path']);

/** A namespace, checked; undefined is one's own. */
export function namespaceArgument(name: string, value: unknown, kind: 'mnt' | 'user' = 'mnt'): NativeNamespace {
  if (value === undefined) return null;
  const options = optionsArgument(name, value, KNOWN);
  const { pid, fd, path } = options;
  if ([pid, fd, path].filter((each) => each !== undefined).length !== 1) {
    throw invalidArgValue(name, 'must have one of pid, fd and path');
  }
  // The thread that opens it is in no directory of this process.
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

/** Relative paths start where this process is, which is nowhere in another namespace. */
export function refuseRelative(
  namespace: NativeNamespace,
  paths: readonly (readonly [name: string, path: Bytes | null])[],
): void {
  if (namespace === null) return;
  for (const [name, path] of paths) {
    if (!isAbsolute(path)) throw invalidArgValue(name, 'must be absolute, as it is a path of another namespace');
  }
}
