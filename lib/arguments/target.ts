import { invalidArgValue, printable } from '../kernel/errors.js';
import type { Bytes, NativeNamespace, NativeTarget } from '../kernel/words.js';
import {
  absolutePath,
  booleanOption,
  choiceOption,
  isAbsolute,
  nonEmptyPathArgument,
  optionsArgument,
  type PathLike,
  pathArgument,
} from './check.js';
import { hasNames } from './object.js';

/**
 * A place inside a directory that somebody else may be changing: a container's root. It is looked up by the kernel as if
 * `root` were `/` (openat2(2) with RESOLVE_IN_ROOT), and what is found is then used by descriptor, so that no symbolic
 * link in it leads out, whatever is exchanged meanwhile.
 *
 * @see https://man7.org/linux/man-pages/man2/openat2.2.html
 */
export interface TargetInRoot {
  /** The directory that counts as `/`. It is itself followed like any path. */
  root: PathLike;
  /** The path inside it; `..` and links, absolute ones too, stay inside. */
  path: PathLike;
  /**
   * Make what is missing: a directory, an empty file, or what the source of the mount is. Directories on the way are made
   * as well (mode 755, files 644, both less the umask). If the operation fails they are removed again.
   */
  create?: 'directory' | 'file' | 'match';
  /** Refuse (`ELOOP`) a path with any symbolic link in it. */
  noSymlinks?: boolean;
  /** Refuse (`EXDEV`) a path that leads to another mount than `root` is on. */
  noXdev?: boolean;
  /**
   * Where openat2(2) is missing (a sandbox may refuse it) look the path up step by step by descriptor instead of failing
   * with `ENOSYS`. Links still do not lead out, but a directory that somebody moves out of the root meanwhile may be found.
   */
  allowEmulation?: boolean;
}

/** Where an operation acts: a path, which is followed as mount(2) does, or a place inside a root. */
export type Target = PathLike | TargetInRoot;

/** The target of a mount without a place. */
export const NOWHERE: NativeTarget = { path: '', root: null, create: 0, resolve: 0 };

const KNOWN: ReadonlySet<string> = new Set(['root', 'path', 'create', 'noSymlinks', 'noXdev', 'allowEmulation']);
// src-native/place/target.h
export const NO_SYMLINKS = 1;
export const NO_XDEV = 2;
const EMULATE = 4;
const CREATE = ['directory', 'file', 'match'] as const;

/** What is mounted there already: nothing is to be made. */
export function mountedArgument(name: string, value: unknown): NativeTarget {
  const target = targetArgument(name, value);
  if (target.create !== 0)
    throw invalidArgValue(`${name}.create`, 'is of no use here, where something must be mounted');
  return target;
}

/** A target, checked. */
export function targetArgument(name: string, value: unknown): NativeTarget {
  if (typeof value === 'string' || !hasNames(value)) return targetOfPath(pathArgument(name, value));
  const options = optionsArgument(name, value, KNOWN);
  const create = choiceOption(`${name}.create`, options['create'], CREATE);
  const flag = (key: string, bit: number) => (booleanOption(`${name}.${key}`, options[key]) === true ? bit : 0);
  return {
    path: pathArgument(`${name}.path`, options['path']),
    root: nonEmptyPathArgument(`${name}.root`, options['root']),
    create: create === undefined ? 0 : CREATE.indexOf(create) + 1,
    resolve: flag('noSymlinks', NO_SYMLINKS) | flag('noXdev', NO_XDEV) | flag('allowEmulation', EMULATE),
  };
}

function targetOfPath(path: Bytes): NativeTarget {
  return { path, root: null, create: 0, resolve: 0 };
}

/** The target as one path, for a handle and for errors. */
export function pathOfTarget({ path, root }: NativeTarget): Bytes {
  if (root === null) return path;
  if (typeof root === 'string' && typeof path === 'string') return `${root}/${path.replace(/^\/+/, '')}`;
  const inside = Buffer.from(path);
  let start = 0;
  while (inside[start] === 0x2f) start += 1;
  return Buffer.concat([Buffer.from(root), Buffer.from('/'), inside.subarray(start)]);
}

/** The target in a sentence. */
export function targetInWords({ path, root }: NativeTarget): string {
  return root === null ? printable(path) : `${printable(path)} inside the root ${printable(root)}`;
}

/**
 * A target that outlives the working directory of the moment, and leads to what has been mounted there: nothing is made
 * in it again, and that is another mount than the root is on.
 */
export function lastingTarget(target: NativeTarget): NativeTarget {
  const { path, root, create, resolve } = target;
  if (root === null) return isAbsolute(path) && create === 0 ? target : targetOfPath(absolutePath(path));
  return { path, root: absolutePath(root), create: 0, resolve: resolve & ~NO_XDEV };
}

/** Where the addon resolves a path. */
export interface Surroundings {
  readonly root: Bytes | null;
  readonly resolve: number;
  readonly namespace: NativeNamespace;
}

/** Where to look for a target: its root, and the mount namespace. */
export function surroundingsOf({
  target,
  namespace,
}: {
  target: NativeTarget;
  namespace: NativeNamespace;
}): Surroundings {
  return { root: target.root, resolve: target.resolve, namespace };
}
