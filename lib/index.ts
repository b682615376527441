/**
 * The Linux mount system calls for Node.js, and typed operations on top of them that cannot be half done.
 *
 * @packageDocumentation
 */
export type { PathLike } from './arguments.js';
export type { MountAttributes } from './attributes.js';
export { constants } from './constants.js';
export { MountError, type MountErrorDetails } from './errors.js';
export { type MountOptions, mount, mountSync } from './mount.js';
export { isMountPoint, isMountPointSync, mountAt, mountAtSync } from './mount-at.js';
export type { MountEntry, MountName, MountPropagation, MountTableChange } from './mount-entry.js';
export { Mount } from './mount-handle.js';
export { type MountInfoOptions, parseMountInfo } from './mount-info.js';
export { mountOverlay, mountOverlaySync } from './mount-overlay.js';
export { type MountFilter, type MountNode, MountTable } from './mount-table.js';
export { pageSize } from './native.js';
export { overlayData } from './overlay-data.js';
export { type OverlayParseOptions, parseOverlayData } from './overlay-parse.js';
export type { OverlayMountOptions, OverlayStrategy } from './overlay-plan.js';
export type { OverlaySpec } from './overlay-spec.js';
export {
  type OverlayFilesystemSupport,
  type OverlayOptionSupport,
  type OverlaySupport,
  overlaySupport,
  type Support,
} from './overlay-support.js';
export { type MountTableOptions, readMountTable, readMountTableSync } from './read-mount-table.js';
export { umount, umountSync } from './umount.js';
export { type MountTableWatcher, type WatchOptions, watchMountTable } from './watch-mount-table.js';
