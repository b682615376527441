import type { Bytes, IdMapWords, NamespaceWord, TargetWords } from '../words.js';
import type { Ticket, Tree } from './results.js';

/** What goes into the native floor: the arguments of its calls. */

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

/** What every operation is told at the end: src-native/napi/operation.h. */
export type OperationArguments = [namespace: NamespaceWord, ticket: Ticket | null];

/** The arguments of umount2(2), and the id that the mount must have, if it matters. */
export type UmountArguments = [...target: TargetWords, flags: number, id: bigint | null, ...OperationArguments];

/** The same for a path, here. */
export type UsualUmountArguments = [target: Bytes, flags: number, id: bigint | null];

/** A change of attributes, `MOUNT_ATTR_*`, and of propagation, `MS_*` or 0. */
export type ChangeWords = readonly [set: number, clear: number, propagation: number, recursive: boolean];

// The headers in src-native/mount/ list the arguments of each call.
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

/** The arguments of umount2(2), the id that the mount must have, and how many mounts: src-native/umount/umount_tree.h. */
export type UmountTreeArguments = [
  ...target: TargetWords,
  flags: number,
  id: bigint | null,
  recursive: boolean,
  stack: boolean,
  ...OperationArguments,
];

/** The steps to try in a scratch place in a directory, and what to mount in a new user namespace: src-native/engines/probe/scratch.h. */
export type ScratchArguments = [directory: Bytes, program: readonly Bytes[], namespaceData: string | null];

/** What an overlay is made of, the ways it may be mounted, and what is to be checked before: src-native/overlay/overlay.h. */
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

/** The same by an option string at a path, here, with the source `overlay`. */
export type UsualOverlayArguments = [target: Bytes, flags: number, data: Bytes, writable: boolean];

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

/** Layers to compare, and whether their marks are attributes of users: src-native/engines/layers/layer_changes.h. */
export type LayerOpenArguments = [
  upper: Bytes,
  lower: readonly Bytes[],
  dataOnly: readonly Bytes[],
  userAttributes: boolean,
];

// src-native/engines/layers/layer_marks.h
export type MakeWhiteoutArguments = [path: Bytes, asAttribute: boolean, userAttribute: boolean];
export type MakeOpaqueArguments = [path: Bytes, value: 'y' | 'x', userAttribute: boolean];
export type MarkArguments = [path: Bytes, userAttribute: boolean];
