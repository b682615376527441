import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Bytes } from './arguments.js';
import { unsupportedPlatform } from './errors.js';

/**
 * The staircase: the only file that touches the addon. It says what the native floor takes and gives back, and turns
 * its callbacks into promises. What each call does is told in `src-native/`, in the header of the same name.
 */

/** A call failed: what the C call said, and where in the sequence. */
export interface Failure {
  /** `errno`, positive. */
  readonly error: number;
  readonly syscall: string;
  readonly step: string;
  /** The steps before could not be undone: their mount is still there. */
  readonly left: boolean;
  /** The mount found where another was expected; 0n otherwise. */
  readonly mountId: bigint;
  /** Of the call's list of paths, the one that the failure is about; -1 otherwise. */
  readonly index: number;
  /** What the kernel wrote to the filesystem context, a message a line. */
  readonly log: Buffer | null;
  /** The mount point that stands in the way. */
  readonly other: Buffer | null;
}

/** Nothing, when all went well; the new mount's id, when it was asked for. */
export type Outcome = undefined | bigint | Failure;

/** The new mount's id, and which way was taken: of those that need no option string made by the caller. */
export interface Mounted {
  readonly mountId: bigint;
  readonly way: number;
}

/** Whether a call failed. */
export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome;
}

/** The arguments of mount(2), a working directory, and whether to return the new mount's id. */
export type MountArguments = [
  source: Bytes | null,
  target: Bytes,
  fsType: string | null,
  flags: number,
  data: Bytes | null,
  cwd: Bytes | null,
  identify: boolean,
];

/** The arguments of umount2(2), and the id that the mount must have, if it matters. */
export type UmountArguments = [target: Bytes, flags: number, id: bigint | null];

/** The steps to try in a scratch place in a directory, and what to mount in a new user namespace: src-native/scratch.h. */
export type ScratchArguments = [directory: Bytes, program: readonly Bytes[], namespaceData: string | null];

/** What came of the steps. */
export interface ScratchResult {
  /** For each step its errno, 0 for success, or the text that it found. */
  readonly steps: readonly (number | string)[];
  readonly privateError: number;
  readonly placeError: number;
  readonly removeError: number;
  readonly left: string;
  readonly device: number;
  readonly inUserNamespace: boolean;
  readonly userNamespaceError: number;
  readonly userNamespaceSyscall: string;
}

/** What an overlay is made of, the ways it may be mounted, and what is to be checked before: src-native/overlay.h. */
export type OverlayArguments = [
  source: string,
  target: Bytes,
  lower: readonly Bytes[],
  dataOnly: readonly Bytes[],
  upper: Bytes | null,
  work: Bytes | null,
  words: readonly string[],
  flags: number,
  data: Bytes | null,
  ways: number,
  exclusive: boolean,
  vacant: boolean,
];

/** Paths to look at, files of /proc to read, and the index of the path to try as an upper layer. */
export type ExamineArguments = [
  paths: readonly Bytes[],
  files: readonly string[],
  upper: bigint | null,
  cwd: Bytes | null,
];

/** Where a path leads; all but the first are without meaning when that is not 0. */
export interface PathFacts {
  /** `errno` of going there. */
  readonly error: number;
  /** Without links, `.` and `..`. */
  readonly path: Buffer;
  /** `st_mode`. */
  readonly mode: number;
  /** Together with `inode`, what makes two paths the same directory. */
  readonly device: bigint;
  readonly inode: bigint;
  /** The mount's id as in the mount table. */
  readonly mountId: bigint;
  /** The same mount's id that is never used again, from Linux 6.8 on. */
  readonly lastingId: bigint;
  /** `f_type` of statfs(2): the magic number of the filesystem. */
  readonly type: bigint;
  /** `f_flags` of statfs(2): `ST_RDONLY` is 1. */
  readonly flags: bigint;
}

/** What an upper layer needs, tried on a file without a name: errnos, 0 where it works. */
export interface UpperFacts {
  readonly tmpfile: number;
  readonly trusted: number;
  readonly user: number;
  /** Whether readdir tells the types of entries (d_type). */
  readonly types: boolean;
}

export interface Examination {
  readonly paths: readonly PathFacts[];
  /** The files' bytes; null for one that cannot be read. */
  readonly files: readonly (Buffer | null)[];
  readonly upper: UpperFacts | null;
}

/** Lines of a mount table, and for each the lasting id, 0n where it is not known: src-native/mount_table.h. */
export interface TableLines {
  readonly table: Buffer;
  /** Null where the kernel has none. */
  readonly ids: BigUint64Array | null;
}

/** A watch of the native floor, of which nothing is known here: src-native/watch.h. */
export interface Watch {
  readonly [brand]: never;
}
declare const brand: unique symbol;

/** The lines that are not as they were; both empty when the watch was closed. */
export interface TableDifference {
  readonly before: TableLines;
  readonly after: TableLines;
}

type Done<T> = (result: T) => void;

interface Addon {
  readonly pageSize: number;
  mountSync(...call: MountArguments): Outcome;
  mount(...call: [...MountArguments, Done<Outcome>]): void;
  umountSync(...call: UmountArguments): Outcome;
  umount(...call: [...UmountArguments, Done<Outcome>]): void;
  overlaySync(...call: OverlayArguments): bigint | Mounted | Failure;
  overlay(...call: [...OverlayArguments, Done<bigint | Mounted | Failure>]): void;
  examineSync(...call: ExamineArguments): Examination | Failure;
  examine(...call: [...ExamineArguments, Done<Examination | Failure>]): void;
  scratch(...call: [...ScratchArguments, Done<ScratchResult | Failure>]): void;
  tableSync(process: string): TableLines | Failure;
  table(process: string, done: Done<TableLines | Failure>): void;
  mountRootSync(path: Bytes): boolean | Failure;
  mountRoot(path: Bytes, done: Done<boolean | Failure>): void;
  mountAtSync(path: Bytes): TableLines | Failure;
  mountAt(path: Bytes, done: Done<TableLines | Failure>): void;
  watchOpen(): Watch | Failure;
  watchWait(watch: Watch, done: Done<TableDifference | Failure>): void;
  watchClose(watch: Watch): void;
}

function load(): Addon {
  const require = createRequire(import.meta.url);
  const root = fileURLToPath(new URL('..', import.meta.url));
  try {
    return require('node-gyp-build')(root) as Addon;
  } catch (cause) {
    const how = `Build it with a C++ compiler, make and python3: npm run install (in ${root})`;
    throw Object.assign(new Error(`linux-mount has no native part for this machine. ${how}`, { cause }), {
      code: 'ERR_DLOPEN_FAILED',
    });
  }
}

// Elsewhere everything can be imported and type-checked; to call is what cannot be done.
function absent(): Addon {
  const refuse = (call: string) => () => {
    throw unsupportedPlatform(call);
  };
  return {
    pageSize: Number.NaN,
    mountSync: refuse('mount'),
    mount: refuse('mount'),
    umountSync: refuse('umount2'),
    umount: refuse('umount2'),
    overlaySync: refuse('mount'),
    overlay: refuse('mount'),
    examineSync: refuse('statx'),
    examine: refuse('statx'),
    scratch: refuse('mount'),
    tableSync: refuse('listmount'),
    table: refuse('listmount'),
    mountRootSync: refuse('statx'),
    mountRoot: refuse('statx'),
    mountAtSync: refuse('statmount'),
    mountAt: refuse('statmount'),
    watchOpen: refuse('listmount'),
    watchWait: refuse('listmount'),
    watchClose: refuse('listmount'),
  };
}

const addon: Addon = process.platform === 'linux' ? load() : absent();

/** The size of a page of this kernel's memory, in bytes: sysconf(_SC_PAGESIZE). */
export const pageSize: number = addon.pageSize;

export const mountSync: Addon['mountSync'] = addon.mountSync;
export const umountSync: Addon['umountSync'] = addon.umountSync;

export function mount(...call: MountArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.mount(...call, resolve));
}

export function umount(...call: UmountArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.umount(...call, resolve));
}

export const overlaySync: Addon['overlaySync'] = addon.overlaySync;

export function overlay(...call: OverlayArguments): Promise<bigint | Mounted | Failure> {
  return new Promise((resolve) => addon.overlay(...call, resolve));
}

export const examineSync: Addon['examineSync'] = addon.examineSync;

export function examine(...call: ExamineArguments): Promise<Examination | Failure> {
  return new Promise((resolve) => addon.examine(...call, resolve));
}

export function scratch(...call: ScratchArguments): Promise<ScratchResult | Failure> {
  return new Promise((resolve) => addon.scratch(...call, resolve));
}

export const tableSync: Addon['tableSync'] = addon.tableSync;

export function table(process: string): Promise<TableLines | Failure> {
  return new Promise((resolve) => addon.table(process, resolve));
}

export const mountRootSync: Addon['mountRootSync'] = addon.mountRootSync;

export function mountRoot(path: Bytes): Promise<boolean | Failure> {
  return new Promise((resolve) => addon.mountRoot(path, resolve));
}

export const mountAtSync: Addon['mountAtSync'] = addon.mountAtSync;

export function mountAt(path: Bytes): Promise<TableLines | Failure> {
  return new Promise((resolve) => addon.mountAt(path, resolve));
}

export const watchOpen: Addon['watchOpen'] = addon.watchOpen;
export const watchClose: Addon['watchClose'] = addon.watchClose;

export function watchWait(watch: Watch): Promise<TableDifference | Failure> {
  return new Promise((resolve) => addon.watchWait(watch, resolve));
}
