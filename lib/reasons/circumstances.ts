// Reads what a mount depends on besides its paths: mount table, capabilities, seccomp, filesystems, limits.
import type { Examination } from '../kernel/native.js';
import { type MountLine, mountLines } from './mount-lines.js';

/** The files of /proc that every examination reads, in the order in which {@link circumstancesOf} takes them. */
export const QUESTION_FILES = [
  '/proc/thread-self/mountinfo',
  '/proc/thread-self/status',
  '/proc/filesystems',
  '/proc/sys/fs/mount-max',
] as const;

/** The parsed contents of {@link QUESTION_FILES}; a property is null where its file cannot be read. */
export interface Circumstances {
  readonly mounts: readonly MountLine[] | null;
  /** Whether the thread has CAP_SYS_ADMIN in its own user namespace. */
  readonly isAdmin: boolean | null;
  /** Whether a seccomp filter is active, which may deny system calls. */
  readonly isFiltered: boolean | null;
  /** The filesystem types that this kernel has. */
  readonly filesystems: ReadonlySet<string> | null;
  /** The filesystem types that are mounted from a block device. */
  readonly devices: ReadonlySet<string> | null;
  /** The greatest number of mounts that a mount namespace may have. */
  readonly mountMax: number | null;
}

// linux/capability.h
const CAP_SYS_ADMIN = 21n;

/** Parses the files of an examination that read {@link QUESTION_FILES}. */
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
