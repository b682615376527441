import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import type { Examination, PathFacts } from '../kernel/native.js';
import { type MountLine, mountLines } from './mounts.js';

/** The files of /proc that tell what a mount depends on besides its paths. */
export const QUESTION_FILES = [
  '/proc/thread-self/mountinfo',
  '/proc/thread-self/status',
  '/proc/filesystems',
  '/proc/sys/fs/mount-max',
] as const;

/** What these files say; null where one cannot be read. */
export interface Circumstances {
  readonly mounts: readonly MountLine[] | null;
  /** CAP_SYS_ADMIN in the user namespace of the process. */
  readonly isAdmin: boolean | null;
  /** Whether a seccomp filter may refuse calls. */
  readonly isFiltered: boolean | null;
  readonly filesystems: ReadonlySet<string> | null;
  /** Those of them that are mounted from a block device. */
  readonly devices: ReadonlySet<string> | null;
  /** How many mounts a namespace may have. */
  readonly mountMax: number | null;
}

/** A path of a call, with the name that sentences give it and where it leads. */
export interface Looked {
  readonly name: string;
  readonly facts: PathFacts;
}

// linux/capability.h
const CAP_SYS_ADMIN = 21n;

export function circumstancesOf({ files }: Examination): Circumstances {
  const [table = null, status = null, filesystems = null, mountMax = null] = files;
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status?.toString('latin1') ?? '')?.[1];
  const [capabilities, seccomp] = [field('CapEff'), field('Seccomp')];
  return {
    mounts: table === null ? null : mountLines(table),
    isAdmin: capabilities === undefined ? null : ((BigInt(`0x${capabilities}`) >> CAP_SYS_ADMIN) & 1n) === 1n,
    isFiltered: seccomp === undefined ? null : seccomp !== '0',
    filesystems: filesystems === null ? null : new Set(filesystems.toString('latin1').match(/\w\S*$/gm)),
    devices: filesystems === null ? null : new Set(filesystems.toString('latin1').match(/(?<=^\t)\S+$/gm)),
    mountMax: mountMax === null ? null : Number(mountMax.toString()),
  };
}

/** A path that the mount table or the examination gives, in quotes. */
export function shown(path: string | Buffer): string {
  return printable(typeof path === 'string' ? Buffer.from(path, 'latin1') : path);
}

/** A mount in words. */
export function mountInWords({ mountPoint, fsType }: MountLine): string {
  return `the mount at ${shown(mountPoint)} (${fsType})`;
}

/** `a`, `a and b`, `a, b and c`; of many only the first. */
export function listed(names: readonly string[]): string {
  const SHOWN = 5;
  if (names.length > SHOWN) return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** Why these paths lead nowhere, and what to do. */
export function unreachable(names: readonly string[], errno: number): string {
  const [who, many] = [listed(names), names.length > 1];
  const { name, message } = describeErrno(errno);
  switch (name) {
    case 'ENOENT':
      return `${who} ${many ? 'do' : 'does'} not exist (or ${many ? 'are links' : 'is a link'} to nowhere): make ${many ? 'them' : 'it'} first, or correct the path`;
    case 'ENOTDIR':
      return `${who} ${many ? 'are not directories, or lead' : 'is not a directory, or leads'} through a file: correct the path`;
    case 'EACCES':
      return `${who} cannot be reached: this process may not search a directory on the way, so allow that (mode x) or give another path`;
    case 'ELOOP':
      return `${who} ${many ? 'lead' : 'leads'} through too many symbolic links or in a circle of them: correct the links`;
    case 'ENAMETOOLONG':
      return `${who} ${many ? 'are' : 'is'} too long: a path has at most 4095 bytes and each name in it 255`;
    default:
      return `${who} cannot be reached (${name}: ${message}): see to it that the path can be used`;
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

/** What a path leads to, in words. */
export function kindOf({ mode }: PathFacts): string {
  return KINDS.get(mode & S_IFMT) ?? 'nothing known';
}

export function isDirectory(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.mode & S_IFMT) === 0o040000;
}

export function isBlockDevice(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.mode & S_IFMT) === 0o060000;
}

/** `ST_RDONLY` of statfs(2): the mount or the filesystem is read-only. */
export function isReadOnly(facts: PathFacts): boolean {
  return facts.error === 0 && (facts.flags & 1n) === 1n;
}

/** That nothing is mounted at a place; on which mount it is, where the table has that. */
export function noMountPoint({ name }: Looked, mount: MountLine | undefined): string {
  const where = mount === undefined ? '' : ` (it is on ${mountInWords(mount)})`;
  return `${name} is not a mount point, nothing is mounted there${where}`;
}
