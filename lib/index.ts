// The public API of the package linux-mount.

/// <reference types="node" preserve="true" />

/**
 * The Linux mount system calls for Node.js, and typed operations on top of them that either succeed completely or leave
 * nothing behind.
 *
 * @module linux-mount
 * @packageDocumentation
 */

export type { MountAttributes } from './arguments/attributes.js';
export type { PathLike } from './arguments/check.js';
export type { IdMap, IdMapByRanges, IdMapOfNamespace, IdMapOfOwner, IdOwner, IdRange } from './arguments/idmap.js';
export type { Namespace } from './arguments/namespace.js';
export type { Propagation } from './arguments/propagation.js';
export type { Target, TargetInRoot } from './arguments/target.js';
export { constants } from './kernel/constants.js';
export { MountError, type MountErrorDetails } from './kernel/errors.js';
export { pageSize } from './kernel/native.js';
export { mountBind, mountBindSync } from './mounts/bind/mount-bind.js';
export type { BindAttributes, BindOptions } from './mounts/bind/plan.js';
export {
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
} from './mounts/change/mount-attributes.js';
export { moveMount, moveMountSync } from './mounts/change/move-mount.js';
export type { ChangeOptions, MoveOptions, RemountOptions } from './mounts/change/plan.js';
export { remountFilesystem, remountFilesystemSync } from './mounts/change/remount-filesystem.js';
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
} from './mounts/detached/detached.js';
export { DetachedMount } from './mounts/detached/detached-mount.js';
export type { AttachOptions } from './mounts/detached/plan.js';
export { mountFilesystem, mountFilesystemSync } from './mounts/filesystem/mount-filesystem.js';
export { mountTmpfs, mountTmpfsSync } from './mounts/filesystem/mount-tmpfs.js';
export type { FilesystemParameters } from './mounts/filesystem/parameters.js';
export type { FilesystemAttributes, FilesystemOptions } from './mounts/filesystem/plan.js';
export type { TmpfsOptions, TmpfsParameters } from './mounts/filesystem/tmpfs-plan.js';
export { Mount, type MountStrategy } from './mounts/handle.js';
export { type MountOptions, mount, mountSync } from './mounts/mount.js';
export { mountOverlay, mountOverlaySync } from './mounts/overlay/mount-overlay.js';
export type { OverlayMountOptions, OverlayOptions } from './mounts/overlay/plan.js';
export type { OperationTrace } from './operation/channel.js';
export type { MountingOptions, OperationOptions } from './operation/options.js';
export { type OverlayParseOptions, parseOverlayData } from './overlay/parse.js';
export type { OverlayOptionValues, OverlaySpec, OverlayStrategy } from './overlay/spec.js';
export {
  type OverlayFilesystemSupport,
  type OverlayOptionSupport,
  type OverlaySupport,
  overlaySupport,
  type Support,
} from './overlay/support/support.js';
export { overlayData } from './overlay/write.js';
export { setAddon } from './set-addon.js';
export {
  isMountPoint,
  isMountPointSync,
  type MountAtNamespace,
  type MountAtOptions,
  mountAt,
  mountAtSync,
} from './table/mount-at.js';
export { type MountFilter, type MountNode, MountTable } from './table/mount-table.js';
export type {
  DeviceNumber,
  MountEntry,
  MountName,
  MountPropagation,
  MountTableChange,
} from './table/mountinfo/entry.js';
export { type MountInfoOptions, parseMountInfo } from './table/mountinfo/parse.js';
export { type MountTableOptions, readMountTable, readMountTableSync } from './table/read.js';
export { type MountTableWatcher, type WatchOptions, watchMountTable } from './table/watch.js';
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
} from './umount/holder-types.js';
export { type HoldersOptions, holders, holdersSync } from './umount/holders.js';
export type { UmountOptions, UmountRetry } from './umount/options.js';
export { umount, umountSync } from './umount/umount.js';
