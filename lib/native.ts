import { fileURLToPath } from 'node:url';
import { absentAddon } from './absent-addon.js';
import type { Bytes } from './arguments.js';
import { loadAddon } from './load-addon.js';
import type { NamespaceWord } from './namespace.js';
import type { Addon, Done } from './native-addon.js';
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
  Tree,
  UmountOutcome,
  Watch,
} from './native-results.js';
import { traced } from './native-trace.js';

export type * from './native-calls.js';
export type * from './native-results.js';

/**
 * The staircase: the only file that touches the addon. It turns callbacks into promises; what the native floor takes and
 * gives back is in native-addon.ts, and what each call does is told in `src-native/`, in the header of the same name.
 */

/** Whether a call failed. */
export function isFailure(outcome: unknown): outcome is Failure {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome;
}

/** Here, and anywhere. */
export const HERE: Surroundings = Object.freeze({ root: null, resolve: 0, namespace: null });

const root = fileURLToPath(new URL('..', import.meta.url));
const addon: Addon = process.platform === 'linux' ? traced(loadAddon(root) as Addon) : absentAddon();

type Later<A extends readonly unknown[], T> = (...call: A) => Promise<T>;

/** A call that tells what came of it to its last argument, as one that promises it. */
function later<A extends readonly unknown[], T>(call: (...call: [...A, Done<T>]) => void): Later<A, T> {
  return (...args) => new Promise((resolve) => call(...args, resolve));
}

/** The size of a page of this kernel's memory, in bytes: sysconf(_SC_PAGESIZE). */
export const pageSize: number = addon.pageSize;
export const mountSync: Addon['mountSync'] = addon.mountSync;
export const umountSync: Addon['umountSync'] = addon.umountSync;
export const umountUsualSync: Addon['umountUsualSync'] = addon.umountUsualSync;
export const mount: Later<MountArguments, Outcome> = later(addon.mount);
export const umount: Later<UmountArguments, UmountOutcome> = later(addon.umount);
export const umountTreeSync: Addon['umountTreeSync'] = addon.umountTreeSync;
export const umountTree: Later<UmountTreeArguments, UmountOutcome> = later(addon.umountTree);
export const overlaySync: Addon['overlaySync'] = addon.overlaySync;
export const overlayUsualSync: Addon['overlayUsualSync'] = addon.overlayUsualSync;
export const overlay: Later<OverlayArguments, bigint | Made | Failure> = later(addon.overlay);
export const bindSync: Addon['bindSync'] = addon.bindSync;
export const bind: Later<BindArguments, Made | Failure> = later(addon.bind);
export const filesystemSync: Addon['filesystemSync'] = addon.filesystemSync;
export const filesystem: Later<FilesystemArguments, Made | Failure> = later(addon.filesystem);
export const changeSync: Addon['changeSync'] = addon.changeSync;
export const change: Later<ChangeArguments, Outcome> = later(addon.change);
export const reconfigureSync: Addon['reconfigureSync'] = addon.reconfigureSync;
export const reconfigure: Later<ReconfigureArguments, Outcome> = later(addon.reconfigure);
export const moveSync: Addon['moveSync'] = addon.moveSync;
export const move: Later<MoveArguments, Outcome> = later(addon.move);
export const attachSync: Addon['attachSync'] = addon.attachSync;
export const attach: Later<AttachArguments, Outcome> = later(addon.attach);

export function closeSync(tree: Tree): void {
  addon.closeSync(tree);
}

export const close: Later<[tree: Tree], Outcome> = later(addon.close);
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
export const holders: Later<[target: Bytes], HoldersScan | Failure> = later(addon.holders);
export const scratch: Later<ScratchArguments, ScratchResult | Failure> = later(addon.scratch);
export const tableSync: Addon['tableSync'] = addon.tableSync;
export const table: Later<[process: string, namespace: NamespaceWord], TableLines | Failure> = later(addon.table);
export const mountRootSync: Addon['mountRootSync'] = addon.mountRootSync;
export const mountRoot: Later<[path: Bytes, namespace: NamespaceWord], boolean | Failure> = later(addon.mountRoot);
export const mountAtSync: Addon['mountAtSync'] = addon.mountAtSync;
export const mountAt: Later<[path: Bytes, namespace: NamespaceWord], TableLines | Failure> = later(addon.mountAt);
export const watchOpen: Addon['watchOpen'] = addon.watchOpen;
export const watchClose: Addon['watchClose'] = addon.watchClose;
export const watchWait: Later<[watch: Watch], TableDifference | Failure> = later(addon.watchWait);
export const layerOpen: Later<LayerOpenArguments, LayerWalk | Failure> = later(addon.layerOpen);
export const layerNext: Later<[walk: LayerWalk], Buffer | Failure> = later(addon.layerNext);
export const layerClose: Later<[walk: LayerWalk], Outcome> = later(addon.layerClose);
export const makeWhiteoutSync: Addon['makeWhiteoutSync'] = addon.makeWhiteoutSync;
export const makeWhiteout: Later<MakeWhiteoutArguments, Outcome> = later(addon.makeWhiteout);
export const makeOpaqueSync: Addon['makeOpaqueSync'] = addon.makeOpaqueSync;
export const makeOpaque: Later<MakeOpaqueArguments, Outcome> = later(addon.makeOpaque);
export const isWhiteoutSync: Addon['isWhiteoutSync'] = addon.isWhiteoutSync;
export const isWhiteout: Later<MarkArguments, boolean | Failure> = later(addon.isWhiteout);
export const isOpaqueSync: Addon['isOpaqueSync'] = addon.isOpaqueSync;
export const isOpaque: Later<MarkArguments, boolean | Failure> = later(addon.isOpaque);
