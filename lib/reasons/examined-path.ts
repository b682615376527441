// Describes an examined path in error reasons: what kind of file the path leads to, and why the path cannot be reached.
import { describeErrno } from '../kernel/errno.js';
import type { PathFacts } from '../kernel/native.js';
import { type MountLine, mountInWords } from './mount-lines.js';

/** A path of a failed call: its name in sentences, and the file that the path leads to. */
export interface ExaminedPath {
  readonly name: string;
  readonly facts: PathFacts;
}

/** Joins names for a sentence: `a`, `a and b`, `a, b and c`; from six names on only the first five are named. */
export function listed(names: readonly string[]): string {
  const SHOWN = 5;
  if (names.length > SHOWN) return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** Explains why paths cannot be reached and what to do, from the error number of the lookup. */
export function unreachable(names: readonly string[], errno: number): string {
  const [paths, many] = [listed(names), names.length > 1];
  const { name: code, message } = describeErrno(errno);
  switch (code) {
    case 'ENOENT':
      return many
        ? `${paths} do not exist, or are dangling symbolic links: create these files or directories first, or correct the paths`
        : `${paths} does not exist, or is a dangling symbolic link: create the file or directory first, or correct the path`;
    case 'ENOTDIR':
      return many
        ? `${paths} are not directories, or lead through a file: correct the paths`
        : `${paths} is not a directory, or leads through a file: correct the path`;
    case 'EACCES':
      return `${paths} cannot be reached, because this process may not search a directory on the way: grant search permission (mode x), or give another path`;
    case 'ELOOP':
      return `${paths} ${many ? 'lead' : 'leads'} through too many symbolic links, or through a loop of symbolic links: correct the links`;
    case 'ENAMETOOLONG':
      return `${paths} ${many ? 'are' : 'is'} too long: give a path of at most 4095 bytes in which each name has at most 255 bytes`;
    default:
      return `${paths} cannot be reached (${code}: ${message}): make the path accessible, or give another path`;
  }
}

const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, string> = new Map([
  [0o140000, 'a socket'],
  [0o120000, 'a symbolic link'],
  [0o100000, 'a file'],
  [0o060000, 'a block device'],
  [0o040000, 'a directory'],
  [0o020000, 'a character device'],
  [0o010000, 'a pipe'],
]);

/** Names the kind of file that a path leads to, for example `'a directory'`. */
export function kindOf({ mode }: PathFacts): string {
  return KINDS.get(mode & S_IFMT) ?? 'a file of an unknown kind';
}

/** Whether a path leads to a directory. */
export function isDirectory(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.mode & S_IFMT) === 0o040000;
}

/** Whether a path leads to a block device. */
export function isBlockDevice(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.mode & S_IFMT) === 0o060000;
}

/** Whether the mount or the filesystem of a path is read-only: `ST_RDONLY` of statfs(2). */
export function isReadOnly(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.flags & 1n) === 1n;
}

/** Says that a path is not a mount point, and which mount the path is on if the mount table has that mount. */
export function noMountPoint({ name }: ExaminedPath, mount: MountLine | undefined): string {
  const where = mount === undefined ? '' : `, but a path on ${mountInWords(mount)}`;
  return `${name} is not a mount point${where}: name a mount point`;
}
