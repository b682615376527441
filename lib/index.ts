/// <reference types="node" preserve="true" />
/**
 * The Linux mount system calls for Node.js, and typed operations on top of them that cannot be half done.
 *
 * @module linux-mount
 * @packageDocumentation
 */

export type { PathLike } from './arguments.js';
export type { AttachOptions } from './attach.js';
export type { MountAttributes } from './attributes.js';
export { constants } from './constants.js';
export {
  type Cancellable,
  type DetachedBindOptions,
  type DetachedFilesystemOptions,
  type DetachedOverlayOptions,
  detachedBind,
  detachedBindSync,
  detachedFilesystem,
  detachedFilesystemSync,
  detachedOverlay,
  detachedOverlaySync,
} from './detached.js';
export { DetachedMount } from './detached-mount.js';
export { MountError, type MountErrorDetails } from './errors.js';
export type {
  Holder,
  HolderPath,
  LoopHolder,
  MountHolder,
  NamespaceHolder,
  OverlayHolder,
  ProcessDirectoryHolder,
  ProcessFileHolder,
  ProcessHolder,
  ProcessMappingHolder,
  ProcessSocketHolder,
  SwapHolder,
} from './holder-types.js';
export { type HoldersOptions, holders, holdersSync } from './holders.js';
export type { IdMap, IdMapByRanges, IdMapOfNamespace, IdMapOfOwner, IdOwner, IdRange } from './idmap.js';
export { type MountOptions, mount, mountSync } from './mount.js';
export {
  isMountPoint,
  isMountPointSync,
  type MountAtNamespace,
  type MountAtOptions,
  mountAt,
  mountAtSync,
} from './mount-at.js';
export {
  type ChangeOptions,
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
} from './mount-attributes.js';
export { type BindAttributes, type BindOptions, mountBind, mountBindSync } from './mount-bind.js';
export type { DeviceNumber, MountEntry, MountName, MountPropagation, MountTableChange } from './mount-entry.js';
export {
  type FilesystemAttributes,
  type FilesystemOptions,
  mountFilesystem,
  mountFilesystemSync,
} from './mount-filesystem.js';
export { Mount, type MountStrategy } from './mount-handle.js';
export { type MountInfoOptions, parseMountInfo } from './mount-info.js';
export { mountOverlay, mountOverlaySync } from './mount-overlay.js';
export { type MountFilter, type MountNode, MountTable } from './mount-table.js';
export { mountTmpfs, mountTmpfsSync, type TmpfsOptions, type TmpfsParameters } from './mount-tmpfs.js';
export { type MoveOptions, moveMount, moveMountSync } from './move-mount.js';
export type { Namespace } from './namespace.js';
export { pageSize } from './native.js';
export type { MountingOptions, OperationOptions } from './operation.js';
export type { OperationTrace } from './operation-channel.js';
export { overlayData } from './overlay-data.js';
export { type OverlayParseOptions, parseOverlayData } from './overlay-parse.js';
export type { OverlayMountOptions, OverlayOptions, OverlayStrategy } from './overlay-plan.js';
export type {
  OverlayExportRule,
  OverlayMetacopyRule,
  OverlaySpec,
  OverlaySpecLayers,
  OverlaySpecReadonly,
  OverlaySpecWritable,
  OverlaySyncRule,
  OverlayXattrRule,
} from './overlay-spec.js';
export {
  type OverlayFilesystemSupport,
  type OverlayOptionSupport,
  type OverlaySupport,
  overlaySupport,
  type Support,
} from './overlay-support.js';
export type { FilesystemParameters } from './parameters.js';
export type { Propagation } from './propagation.js';
export { type MountTableOptions, readMountTable, readMountTableSync } from './read-mount-table.js';
export { type RemountOptions, remountFilesystem, remountFilesystemSync } from './remount-filesystem.js';
export { setAddon } from './set-addon.js';
export type { Target, TargetInRoot } from './target.js';
export { umount, umountSync } from './umount.js';
export type { UmountOptions, UmountRetry } from './umount-options.js';
export { type MountTableWatcher, type WatchOptions, watchMountTable } from './watch-mount-table.js';
