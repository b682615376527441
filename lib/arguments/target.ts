// Checks the target of an operation: a path, or a path inside a root directory.
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
import { isOptionsObject } from './object.js';

/**
 * A path inside a root directory that other processes may change, such as the root of a container. The kernel looks the
 * path up as if `root` were `/`: openat2(2) with RESOLVE_IN_ROOT. The operation then uses the descriptor of the found
 * file, so that no symbolic link leads out of the root, even if another process replaces files during the operation.
 *
 * @see https://man7.org/linux/man-pages/man2/openat2.2.html
 */
export interface TargetInRoot {
  /** The directory that counts as `/`. Symbolic links in the path of `root` itself are followed. */
  root: PathLike;
  /** The path inside `root`. The components `..` and symbolic links, also absolute ones, stay inside the root. */
  path: PathLike;
  /**
   * Creates a missing target: a directory, an empty file, or for `'match'` whichever of the two the source is. Missing
   * parent directories are created as well. Directories get the mode 755 and files 644, both less the umask. If the
   * operation fails, the addon removes every directory and file that it created.
   */
  create?: 'directory' | 'file' | 'match';
  /** Whether a symbolic link in the path is refused with `ELOOP`: RESOLVE_NO_SYMLINKS. */
  noSymlinks?: boolean;
  /** Whether a path that leads to another mount than the mount of `root` is refused with `EXDEV`: RESOLVE_NO_XDEV. */
  noXdev?: boolean;
  /**
   * Whether the path is looked up component by component if openat2(2) is missing (before Linux 5.6) or denied by a
   * sandbox. Without this option the operation then fails with `ENOSYS` or `EPERM`. With this option symbolic links
   * still cannot lead out of the root, but the lookup may find a directory that another process moves out of the root
   * at the same time.
   */
  allowEmulation?: boolean;
}

/** The target of an operation: a path, whose symbolic links are followed as by mount(2), or a path inside a root. */
export type Target = PathLike | TargetInRoot;

/** The target argument of the addon for a detached mount, which has no target. */
export const DETACHED_TARGET: NativeTarget = { path: '', root: null, create: 0, resolve: 0 };

const KNOWN: ReadonlySet<string> = new Set(['root', 'path', 'create', 'noSymlinks', 'noXdev', 'allowEmulation']);
// The bits of the argument `resolve` of the addon: src-native/place/target.h.
export const NO_SYMLINKS = 1;
export const NO_XDEV = 2;
const EMULATE = 4;
const CREATE = ['directory', 'file', 'match'] as const;

/** Checks the target of an operation on an existing mount, for which nothing can be created. */
export function mountPointArgument(name: string, value: unknown): NativeTarget {
  const target = targetArgument(name, value);
  if (target.create !== 0)
    throw invalidArgValue(`${name}.create`, 'cannot be given for an operation on an existing mount');
  return target;
}

/** Checks a target, and converts the target to the argument that the addon takes. */
export function targetArgument(name: string, value: unknown): NativeTarget {
  if (typeof value === 'string' || !isOptionsObject(value)) return targetOfPath(pathArgument(name, value));
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

/** Joins the root and the path of a target to one path, for handles and errors. */
export function pathOfTarget({ path, root }: NativeTarget): Bytes {
  if (root === null) return path;
  if (typeof root === 'string' && typeof path === 'string') return `${root}/${path.replace(/^\/+/, '')}`;
  const inside = Buffer.from(path);
  let start = 0;
  while (inside[start] === 0x2f) start += 1;
  return Buffer.concat([Buffer.from(root), Buffer.from('/'), inside.subarray(start)]);
}

/** Formats a target for use in a sentence. */
export function targetInWords({ path, root }: NativeTarget): string {
  return root === null ? printable(path) : `${printable(path)} inside the root ${printable(root)}`;
}

/**
 * Converts the target of a new mount to the target of its handle: an absolute path, which stays valid after chdir(2).
 * The result has neither `create`, because a handle creates nothing, nor `noXdev`, because the new mount is not the
 * mount of the root.
 */
export function absoluteTarget(target: NativeTarget): NativeTarget {
  const { path, root, create, resolve } = target;
  if (root === null) return isAbsolute(path) && create === 0 ? target : targetOfPath(absolutePath(path));
  return { path, root: absolutePath(root), create: 0, resolve: resolve & ~NO_XDEV };
}

/** The root directory and the mount namespace in which the addon looks up a path. */
export interface Surroundings {
  readonly root: Bytes | null;
  readonly resolve: number;
  readonly namespace: NativeNamespace;
}

/** Returns the root directory and the mount namespace in which the addon looks up a target. */
export function surroundingsOf(of: { target: NativeTarget; namespace: NativeNamespace }): Surroundings {
  return { root: of.target.root, resolve: of.target.resolve, namespace: of.namespace };
}
