import { fileURLToPath } from 'node:url';
import type { Bytes } from './arguments.js';
import { unsupportedPlatform } from './errors.js';
import { loadAddon } from './load-addon.js';
import type { NamespaceWord } from './namespace.js';
import type {
  AttachArguments,
  BindArguments,
  ChangeArguments,
  ExamineArguments,
  FilesystemArguments,
  LayerOpenArguments,
  MakeOpaqueArguments,
  MakeWhiteoutArguments,
  MarkArguments,
  MountArguments,
  MoveArguments,
  OverlayArguments,
  ReconfigureArguments,
  ScratchArguments,
  Surroundings,
  UmountArguments,
  UmountTreeArguments,
  UsualOverlayArguments,
  UsualUmountArguments,
} from './native-calls.js';
import type {
  Examination,
  Failure,
  HoldersScan,
  LayerWalk,
  Made,
  Outcome,
  ScratchResult,
  TableDifference,
  TableLines,
  Ticket,
  Tree,
  UmountOutcome,
  Watch,
} from './native-results.js';
import { traced } from './native-trace.js';

export type * from './native-calls.js';
export type * from './native-results.js';

/**
 * The staircase: the only file that touches the addon. It says what the native floor takes and gives back, and turns
 * its callbacks into promises. What each call does is told in `src-native/`, in the header of the same name.
 */

/** Whether a call failed. */
export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome;
}

/** Here, and anywhere. */
export const HERE: Surroundings = Object.freeze({ root: null, resolve: 0, namespace: null });

type SurroundingsArguments = [root: Bytes | null, resolve: number, namespace: NamespaceWord];
type Done<T> = (result: T) => void;

/** The calls of the addon. */
export interface Addon {
  readonly pageSize: number;
  mountSync(...call: MountArguments): Outcome;
  mount(...call: [...MountArguments, Done<Outcome>]): void;
  umountSync(...call: UmountArguments): UmountOutcome;
  umount(...call: [...UmountArguments, Done<UmountOutcome>]): void;
  umountUsualSync(...call: UsualUmountArguments): UmountOutcome;
  umountTreeSync(...call: UmountTreeArguments): UmountOutcome;
  umountTree(...call: [...UmountTreeArguments, Done<UmountOutcome>]): void;
  overlaySync(...call: OverlayArguments): bigint | Made | Failure;
  overlay(...call: [...OverlayArguments, Done<bigint | Made | Failure>]): void;
  overlayUsualSync(...call: UsualOverlayArguments): bigint | Made | Failure;
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
  watchOpen(namespace: NamespaceWord): Watch | Failure;
  watchWait(watch: Watch, done: Done<TableDifference | Failure>): void;
  watchClose(watch: Watch): void;
  layerOpen(...call: [...LayerOpenArguments, Done<LayerWalk | Failure>]): void;
  layerNext(walk: LayerWalk, done: Done<Buffer | Failure>): void;
  layerClose(walk: LayerWalk, done: Done<Outcome>): void;
  makeWhiteoutSync(...call: MakeWhiteoutArguments): Outcome;
  makeWhiteout(...call: [...MakeWhiteoutArguments, Done<Outcome>]): void;
  makeOpaqueSync(...call: MakeOpaqueArguments): Outcome;
  makeOpaque(...call: [...MakeOpaqueArguments, Done<Outcome>]): void;
  isWhiteoutSync(...call: MarkArguments): boolean | Failure;
  isWhiteout(...call: [...MarkArguments, Done<boolean | Failure>]): void;
  isOpaqueSync(...call: MarkArguments): boolean | Failure;
  isOpaque(...call: [...MarkArguments, Done<boolean | Failure>]): void;
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
    umountUsualSync: refuse('umount2'),
    umountTreeSync: refuse('umount2'),
    umountTree: refuse('umount2'),
    overlaySync: refuse('mount'),
    overlay: refuse('mount'),
    overlayUsualSync: refuse('mount'),
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
    layerOpen: refuse('getdents64'),
    layerNext: refuse('getdents64'),
    layerClose: refuse('getdents64'),
    makeWhiteoutSync: refuse('mknodat'),
    makeWhiteout: refuse('mknodat'),
    makeOpaqueSync: refuse('fsetxattr'),
    makeOpaque: refuse('fsetxattr'),
    isWhiteoutSync: refuse('lgetxattr'),
    isWhiteout: refuse('lgetxattr'),
    isOpaqueSync: refuse('lgetxattr'),
    isOpaque: refuse('lgetxattr'),
  };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const addon: Addon = process.platform === 'linux' ? traced(loadAddon(root) as Addon) : absent();

/** The size of a page of this kernel's memory, in bytes: sysconf(_SC_PAGESIZE). */
export const pageSize: number = addon.pageSize;

export const mountSync: Addon['mountSync'] = addon.mountSync;
export const umountSync: Addon['umountSync'] = addon.umountSync;
export const umountUsualSync: Addon['umountUsualSync'] = addon.umountUsualSync;

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
export const overlayUsualSync: Addon['overlayUsualSync'] = addon.overlayUsualSync;

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

export function layerOpen(...call: LayerOpenArguments): Promise<LayerWalk | Failure> {
  return new Promise((resolve) => addon.layerOpen(...call, resolve));
}

export function layerNext(walk: LayerWalk): Promise<Buffer | Failure> {
  return new Promise((resolve) => addon.layerNext(walk, resolve));
}

export function layerClose(walk: LayerWalk): Promise<Outcome> {
  return new Promise((resolve) => addon.layerClose(walk, resolve));
}

export const makeWhiteoutSync: Addon['makeWhiteoutSync'] = addon.makeWhiteoutSync;

export function makeWhiteout(...call: MakeWhiteoutArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.makeWhiteout(...call, resolve));
}

export const makeOpaqueSync: Addon['makeOpaqueSync'] = addon.makeOpaqueSync;

export function makeOpaque(...call: MakeOpaqueArguments): Promise<Outcome> {
  return new Promise((resolve) => addon.makeOpaque(...call, resolve));
}

export const isWhiteoutSync: Addon['isWhiteoutSync'] = addon.isWhiteoutSync;

export function isWhiteout(...call: MarkArguments): Promise<boolean | Failure> {
  return new Promise((resolve) => addon.isWhiteout(...call, resolve));
}

export const isOpaqueSync: Addon['isOpaqueSync'] = addon.isOpaqueSync;

export function isOpaque(...call: MarkArguments): Promise<boolean | Failure> {
  return new Promise((resolve) => addon.isOpaque(...call, resolve));
}
