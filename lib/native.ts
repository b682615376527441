import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Bytes } from './arguments.js';
import { unsupportedPlatform } from './errors.js';
import type { IdMapWords } from './idmap.js';
import type { NamespaceWord } from './namespace.js';
import type { TargetWords } from './target.js';

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

/** A mount without a place, which the native floor owns: src-native/descriptor.h. */
export interface Tree {
  readonly tree: unique symbol;
}

/** Stands for a call that may be cancelled: src-native/ticket.h. */
export interface Ticket {
  readonly ticket: unique symbol;
}

/** A mount that was made, without a place if that was asked for. */
export interface Made extends Mounted {
  readonly tree?: Tree;
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

/** What every operation is told at the end: src-native/operation.h. */
type OperationArguments = [namespace: NamespaceWord, ticket: Ticket | null];

/** The arguments of umount2(2), and the id that the mount must have, if it matters. */
export type UmountArguments = [...target: TargetWords, flags: number, id: bigint | null, ...OperationArguments];

/** A change of attributes, `MOUNT_ATTR_*`, and of propagation, `MS_*` or 0. */
export type ChangeWords = readonly [set: number, clear: number, propagation: number, recursive: boolean];

// src-native/operations.h says what each takes.
export type BindArguments = [
  source: Bytes,
  ...target: TargetWords,
  ...change: ChangeWords,
  ...idMap: IdMapWords,
  detached: boolean,
  vacant: boolean,
  ...OperationArguments,
];

export type FilesystemArguments = [
  source: Bytes | null,
  ...target: TargetWords,
  fsType: string,
  parameters: readonly Bytes[],
  flags: number,
  data: Bytes | null,
  ...idMap: IdMapWords,
  detached: boolean,
  vacant: boolean,
  ...OperationArguments,
];

export type ChangeArguments = [
  tree: Tree | null,
  ...target: TargetWords,
  ...change: ChangeWords,
  ...OperationArguments,
];

export type ReconfigureArguments = [
  ...target: TargetWords,
  parameters: readonly Bytes[],
  data: Bytes | null,
  mode: '' | 'ro' | 'rw',
  ...OperationArguments,
];

export type MoveArguments = [
  ...from: TargetWords,
  ...to: TargetWords,
  beneath: boolean,
  vacant: boolean,
  ...OperationArguments,
];

export type AttachArguments = [
  tree: Tree,
  ...target: TargetWords,
  clone: boolean,
  beneath: boolean,
  vacant: boolean,
  ...OperationArguments,
];

/** The arguments of umount2(2), the id that the mount must have, and how many mounts: src-native/umount_tree.h. */
export type UmountTreeArguments = [
  ...target: TargetWords,
  flags: number,
  id: bigint | null,
  recursive: boolean,
  stack: boolean,
  ...OperationArguments,
];

/** Why a mount was not taken down; where there were several to take down, the mount points of those that are and are not. */
export interface UmountFailure extends Failure {
  readonly down?: readonly Buffer[];
  readonly remaining?: readonly Buffer[];
}

export type UmountOutcome = undefined | UmountFailure;

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
  ...target: TargetWords,
  lower: readonly Bytes[],
  dataOnly: readonly Bytes[],
  upper: Bytes | null,
  work: Bytes | null,
  words: readonly string[],
  flags: number,
  data: Bytes | null,
  ways: number,
  writable: boolean,
  exclusive: boolean,
  vacant: boolean,
  detached: boolean,
  idMaps: readonly Bytes[],
  ...OperationArguments,
];

/** Paths to look at, files of /proc to read, and the index of the path to try as an upper layer. */
export type ExamineArguments = [
  paths: readonly Bytes[],
  files: readonly string[],
  upper: bigint | null,
  cwd: Bytes | null,
];

/** Where to look: the root that the first path is inside of, and the mount namespace. */
export interface Surroundings {
  readonly root: Bytes | null;
  readonly resolve: number;
  readonly namespace: NamespaceWord;
}

/** Here, and anywhere. */
export const HERE: Surroundings = Object.freeze({ root: null, resolve: 0, namespace: null });

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

/** One way in which a process uses a mount: src-native/process_uses.h. */
export interface ProcessUse {
  readonly pid: number;
  readonly command: Buffer;
  readonly how: 'cwd' | 'root' | 'executable' | 'file' | 'socket' | 'mapped';
  /** Of a file or socket; -1 otherwise. */
  readonly fd: number;
  readonly path: Buffer;
  readonly byDevice: boolean;
}

/** All that uses a mount, and where else to look: src-native/holders.h. */
export interface HoldersScan {
  /** As in the mount table. */
  readonly mountId: bigint;
  readonly uses: readonly ProcessUse[];
  readonly namespaces: readonly {
    readonly inode: bigint;
    readonly pid: number;
    readonly command: Buffer;
    readonly mountPoint: Buffer;
  }[];
  readonly loops: readonly { readonly device: string; readonly file: Buffer }[];
  readonly table: Buffer;
  readonly swaps: Buffer | null;
  readonly processes: number;
  /** How many of these could not be looked at. */
  readonly unseen: number;
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

type SurroundingsArguments = [root: Bytes | null, resolve: number, namespace: NamespaceWord];
type Done<T> = (result: T) => void;

interface Addon {
  readonly pageSize: number;
  mountSync(...call: MountArguments): Outcome;
  mount(...call: [...MountArguments, Done<Outcome>]): void;
  umountSync(...call: UmountArguments): UmountOutcome;
  umount(...call: [...UmountArguments, Done<UmountOutcome>]): void;
  umountTreeSync(...call: UmountTreeArguments): UmountOutcome;
  umountTree(...call: [...UmountTreeArguments, Done<UmountOutcome>]): void;
  overlaySync(...call: OverlayArguments): bigint | Made | Failure;
  overlay(...call: [...OverlayArguments, Done<bigint | Made | Failure>]): void;
  bindSync(...call: BindArguments): Made | Failure;
  bind(...call: [...BindArguments, Done<Made | Failure>]): void;
  filesystemSync(...call: FilesystemArguments): Made | Failure;
  filesystem(...call: [...FilesystemArguments, Done<Made | Failure>]): void;
  changeSync(...call: ChangeArguments): Outcome;
  change(...call: [...ChangeArguments, Done<Outcome>]): void;
  reconfigureSync(...call: ReconfigureArguments): Outcome;
  reconfigure(...call: [...ReconfigureArguments, Done<Outcome>]): void;
  moveSync(...call: MoveArguments): Outcome;
  move(...call: [...MoveArguments, Done<Outcome>]): void;
  attachSync(...call: AttachArguments): Outcome;
  attach(...call: [...AttachArguments, Done<Outcome>]): void;
  closeSync(tree: Tree): Outcome;
  close(tree: Tree, done: Done<Outcome>): void;
  descriptorNumber(tree: Tree): number;
  ticket(): Ticket;
  cancel(ticket: Ticket): boolean;
  examineSync(...call: [...ExamineArguments, ...SurroundingsArguments]): Examination | Failure;
  examine(...call: [...ExamineArguments, ...SurroundingsArguments, Done<Examination | Failure>]): void;
  holdersSync(target: Bytes): HoldersScan | Failure;
  holders(target: Bytes, done: Done<HoldersScan | Failure>): void;
  scratch(...call: [...ScratchArguments, Done<ScratchResult | Failure>]): void;
  tableSync(process: string, namespace: NamespaceWord): TableLines | Failure;
  table(process: string, namespace: NamespaceWord, done: Done<TableLines | Failure>): void;
  mountRootSync(path: Bytes, namespace: NamespaceWord): boolean | Failure;
  mountRoot(path: Bytes, namespace: NamespaceWord, done: Done<boolean | Failure>): void;
  mountAtSync(path: Bytes, namespace: NamespaceWord): TableLines | Failure;
  mountAt(path: Bytes, namespace: NamespaceWord, done: Done<TableLines | Failure>): void;
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
    umountTreeSync: refuse('umount2'),
    umountTree: refuse('umount2'),
    overlaySync: refuse('mount'),
    overlay: refuse('mount'),
    bindSync: refuse('mount'),
    bind: refuse('mount'),
    filesystemSync: refuse('mount'),
    filesystem: refuse('mount'),
    changeSync: refuse('mount_setattr'),
    change: refuse('mount_setattr'),
    reconfigureSync: refuse('fspick'),
    reconfigure: refuse('fspick'),
    moveSync: refuse('move_mount'),
    move: refuse('move_mount'),
    attachSync: refuse('move_mount'),
    attach: refuse('move_mount'),
    closeSync: refuse('close'),
    close: refuse('close'),
    descriptorNumber: refuse('close'),
    ticket: refuse('mount'),
    cancel: refuse('mount'),
    examineSync: refuse('statx'),
    examine: refuse('statx'),
    holdersSync: refuse('statx'),
    holders: refuse('statx'),
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

export function umount(...call: UmountArguments): Promise<UmountOutcome> {
  return new Promise((resolve) => addon.umount(...call, resolve));
}

export const umountTreeSync: Addon['umountTreeSync'] = addon.umountTreeSync;

export function umountTree(...call: UmountTreeArguments): Promise<UmountOutcome> {
  return new Promise((resolve) => addon.umountTree(...call, resolve));
}

export const overlaySync: Addon['overlaySync'] = addon.overlaySync;

export function overlay(...call: OverlayArguments): Promise<bigint | Made | Failure> {
  return new Promise((resolve) => addon.overlay(...call, resolve));
}

export const bindSync: Addon['bindSync'] = addon.bindSync;

export function bind(...call: BindArguments): Promise<Made | Failure> {
  return new Promise((resolve) => addon.bind(...call, resolve));
}

export const filesystemSync: Addon['filesystemSync'] = addon.filesystemSync;

export function filesystem(...call: FilesystemArguments): Promise<Made | Failure> {
  return new Promise((resolve) => addon.filesystem(...call, resolve));
}

export const changeSync: Addon['changeSync'] = addon.changeSync;

export function change(...call: ChangeArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.change(...call, resolve));
}

export const reconfigureSync: Addon['reconfigureSync'] = addon.reconfigureSync;

export function reconfigure(...call: ReconfigureArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.reconfigure(...call, resolve));
}

export const moveSync: Addon['moveSync'] = addon.moveSync;

export function move(...call: MoveArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.move(...call, resolve));
}

export const attachSync: Addon['attachSync'] = addon.attachSync;

export function attach(...call: AttachArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.attach(...call, resolve));
}

export function closeSync(tree: Tree): void {
  addon.closeSync(tree);
}

export function close(tree: Tree): Promise<Outcome> {
  return new Promise((resolve) => addon.close(tree, resolve));
}

export const descriptorNumber: Addon['descriptorNumber'] = addon.descriptorNumber;
export const newTicket: Addon['ticket'] = addon.ticket;
export const cancel: Addon['cancel'] = addon.cancel;

export function examineSync(
  call: ExamineArguments,
  { root, resolve, namespace }: Surroundings = HERE,
): Examination | Failure {
  return addon.examineSync(...call, root, resolve, namespace);
}

export function examine(
  call: ExamineArguments,
  { root, resolve, namespace }: Surroundings = HERE,
): Promise<Examination | Failure> {
  return new Promise((done) => addon.examine(...call, root, resolve, namespace, done));
}

export const holdersSync: Addon['holdersSync'] = addon.holdersSync;

export function holders(target: Bytes): Promise<HoldersScan | Failure> {
  return new Promise((resolve) => addon.holders(target, resolve));
}

export function scratch(...call: ScratchArguments): Promise<ScratchResult | Failure> {
  return new Promise((resolve) => addon.scratch(...call, resolve));
}

export const tableSync: Addon['tableSync'] = addon.tableSync;

export function table(process: string, namespace: NamespaceWord): Promise<TableLines | Failure> {
  return new Promise((resolve) => addon.table(process, namespace, resolve));
}

export const mountRootSync: Addon['mountRootSync'] = addon.mountRootSync;

export function mountRoot(path: Bytes, namespace: NamespaceWord): Promise<boolean | Failure> {
  return new Promise((resolve) => addon.mountRoot(path, namespace, resolve));
}

export const mountAtSync: Addon['mountAtSync'] = addon.mountAtSync;

export function mountAt(path: Bytes, namespace: NamespaceWord): Promise<TableLines | Failure> {
  return new Promise((resolve) => addon.mountAt(path, namespace, resolve));
}

export const watchOpen: Addon['watchOpen'] = addon.watchOpen;
export const watchClose: Addon['watchClose'] = addon.watchClose;

export function watchWait(watch: Watch): Promise<TableDifference | Failure> {
  return new Promise((resolve) => addon.watchWait(watch, resolve));
}
