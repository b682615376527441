// The only file that calls the addon. It turns the callbacks of the addon into promises. native-addon.ts has the types of the
// calls, and each header in src-native/ says what a call does.
import { absentAddon } from './addon/absent.js';
import type { Addon, Done } from './addon/addon.js';
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
} from './addon/arguments.js';
import { findAddon } from './addon/load.js';
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
  Tree,
  UmountOutcome,
  Watch,
} from './addon/results.js';
import { unsupportedPlatform } from './errors.js';
import { traced } from './trace/trace.js';
import type { Bytes, NamespaceWord } from './words.js';

export type * from './addon/arguments.js';
export type * from './addon/results.js';

/** Whether a call failed. */
export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome;
}

/** Here, and anywhere. */
export const HERE: Surroundings = Object.freeze({ root: null, resolve: 0, namespace: null });

let addon: Addon;

type Later<A extends readonly unknown[], T> = (...call: A) => Promise<T>;

/** A call that tells what came of it to its last argument, as one that promises it. */
function later<A extends readonly unknown[], T>(call: (...call: [...A, Done<T>]) => void): Later<A, T> {
  return (...args) => new Promise((resolve) => call(...args, resolve));
}

/** The size of a page of this kernel's memory, in bytes: sysconf(_SC_PAGESIZE). */
export let pageSize: number;
export let mountSync: Addon['mountSync'];
export let umountSync: Addon['umountSync'];
export let umountUsualSync: Addon['umountUsualSync'];
export let mount: Later<MountArguments, Outcome>;
export let umount: Later<UmountArguments, UmountOutcome>;
export let umountTreeSync: Addon['umountTreeSync'];
export let umountTree: Later<UmountTreeArguments, UmountOutcome>;
export let overlaySync: Addon['overlaySync'];
export let overlayUsualSync: Addon['overlayUsualSync'];
export let overlay: Later<OverlayArguments, bigint | Made | Failure>;
export let bindSync: Addon['bindSync'];
export let bind: Later<BindArguments, Made | Failure>;
export let filesystemSync: Addon['filesystemSync'];
export let filesystem: Later<FilesystemArguments, Made | Failure>;
export let changeSync: Addon['changeSync'];
export let change: Later<ChangeArguments, Outcome>;
export let reconfigureSync: Addon['reconfigureSync'];
export let reconfigure: Later<ReconfigureArguments, Outcome>;
export let moveSync: Addon['moveSync'];
export let move: Later<MoveArguments, Outcome>;
export let attachSync: Addon['attachSync'];
export let attach: Later<AttachArguments, Outcome>;

export function closeSync(tree: Tree): void {
  addon.closeSync(tree);
}

export let close: Later<[tree: Tree], Outcome>;
export let descriptorNumber: Addon['descriptorNumber'];
export let newTicket: Addon['newCancellation'];
export let cancel: Addon['cancel'];

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

export let holdersSync: Addon['holdersSync'];
export let holders: Later<[target: Bytes], HoldersScan | Failure>;
export let scratch: Later<ScratchArguments, ScratchResult | Failure>;
export let tableSync: Addon['tableSync'];
export let table: Later<[process: string, namespace: NamespaceWord], TableLines | Failure>;
export let mountRootSync: Addon['mountRootSync'];
export let mountRoot: Later<[path: Bytes, namespace: NamespaceWord], boolean | Failure>;
export let mountAtSync: Addon['mountAtSync'];
export let mountAt: Later<[path: Bytes, namespace: NamespaceWord], TableLines | Failure>;
export let watchOpen: Addon['watchOpen'];
export let watchClose: Addon['watchClose'];
export let watchWait: Later<[watch: Watch], TableDifference | Failure>;
export let layerOpen: Later<LayerOpenArguments, LayerWalk | Failure>;
export let layerNext: Later<[walk: LayerWalk], Buffer | Failure>;
export let layerClose: Later<[walk: LayerWalk], Outcome>;
export let makeWhiteoutSync: Addon['makeWhiteoutSync'];
export let makeWhiteout: Later<MakeWhiteoutArguments, Outcome>;
export let makeOpaqueSync: Addon['makeOpaqueSync'];
export let makeOpaque: Later<MakeOpaqueArguments, Outcome>;
export let isWhiteoutSync: Addon['isWhiteoutSync'];
export let isWhiteout: Later<MarkArguments, boolean | Failure>;
export let isOpaqueSync: Addon['isOpaqueSync'];
export let isOpaque: Later<MarkArguments, boolean | Failure>;

/** Makes the functions of this module those of `chosen`. */
export function useAddon(chosen: Addon): void {
  addon = traced(chosen);
  pageSize = addon.pageSize;
  mountSync = addon.mountSync;
  umountSync = addon.umountSync;
  umountUsualSync = addon.umountUsualSync;
  mount = later(addon.mount);
  umount = later(addon.umount);
  umountTreeSync = addon.umountTreeSync;
  umountTree = later(addon.umountTree);
  overlaySync = addon.overlaySync;
  overlayUsualSync = addon.overlayUsualSync;
  overlay = later(addon.overlay);
  bindSync = addon.bindSync;
  bind = later(addon.bind);
  filesystemSync = addon.filesystemSync;
  filesystem = later(addon.filesystem);
  changeSync = addon.changeSync;
  change = later(addon.change);
  reconfigureSync = addon.reconfigureSync;
  reconfigure = later(addon.reconfigure);
  moveSync = addon.moveSync;
  move = later(addon.move);
  attachSync = addon.attachSync;
  attach = later(addon.attach);
  close = later(addon.close);
  descriptorNumber = addon.descriptorNumber;
  newTicket = addon.newCancellation;
  cancel = addon.cancel;
  holdersSync = addon.holdersSync;
  holders = later(addon.holders);
  scratch = later(addon.scratch);
  tableSync = addon.tableSync;
  table = later(addon.table);
  mountRootSync = addon.mountRootSync;
  mountRoot = later(addon.mountRoot);
  mountAtSync = addon.mountAtSync;
  mountAt = later(addon.mountAt);
  watchOpen = addon.watchOpen;
  watchClose = addon.watchClose;
  watchWait = later(addon.watchWait);
  layerOpen = later(addon.layerOpen);
  layerNext = later(addon.layerNext);
  layerClose = later(addon.layerClose);
  makeWhiteoutSync = addon.makeWhiteoutSync;
  makeWhiteout = later(addon.makeWhiteout);
  makeOpaqueSync = addon.makeOpaqueSync;
  makeOpaque = later(addon.makeOpaque);
  isWhiteoutSync = addon.isWhiteoutSync;
  isWhiteout = later(addon.isWhiteout);
  isOpaqueSync = addon.isOpaqueSync;
  isOpaque = later(addon.isOpaque);
}

/** The addon of this process, or one whose functions throw the reason why there is none. */
function addonHere(): Addon {
  if (process.platform !== 'linux') return absentAddon(unsupportedPlatform);
  try {
    return findAddon() as Addon;
  } catch (error) {
    // A new error for each call, whose stack starts at the caller.
    const { message, code } = error as NodeJS.ErrnoException;
    return absentAddon(() => Object.assign(new Error(message, { cause: error }), { code }));
  }
}

useAddon(addonHere());
