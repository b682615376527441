import type { Bytes, NamespaceWord } from '../words.js';
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
  UmountArguments,
  UmountTreeArguments,
  UsualOverlayArguments,
  UsualUmountArguments,
} from './arguments.js';
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
} from './results.js';

type SurroundingsArguments = [root: Bytes | null, resolve: number, namespace: NamespaceWord];

/** What an asynchronous call is given last. */
export type Done<T> = (result: T) => void;

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
  newCancellation(): Ticket;
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
