/**
 * The Linux mount system calls for Node.js, and typed operations on top of them that cannot be half done.
 *
 * @packageDocumentation
 */
export type { PathLike } from './arguments.js';
export type { MountAttributes } from './attributes.js';
export { constants } from './constants.js';
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
export { type MountOptions, mount, mountSync } from './mount.js';
export { Mount } from './mount-handle.js';
export { mountOverlay, mountOverlaySync } from './mount-overlay.js';
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
export { umount, umountSync } from './umount.js';
export type { UmountOptions, UmountRetry } from './umount-options.js';
