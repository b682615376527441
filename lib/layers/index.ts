/// <reference types="node" preserve="true" />

/**
 * Layers of overlays without a mount, for image managers: `linux-mount/layers`. The second door of the package, beside
 * lib/index.ts; no other file re-exports.
 *
 * @module linux-mount/layers
 * @packageDocumentation
 */

export type { PathLike } from '../arguments/check.js';
export { MountError } from '../kernel/errors.js';
export type { DeviceNumber } from '../table/mountinfo/entry.js';
export { changes } from './changes.js';
export {
  isOpaque,
  isOpaqueSync,
  isWhiteout,
  isWhiteoutSync,
  type MarkOptions,
  makeOpaque,
  makeOpaqueSync,
  makeWhiteout,
  makeWhiteoutSync,
  type OpaqueOptions,
  type WhiteoutOptions,
} from './marks.js';
export type {
  AddedEntry,
  Change,
  ChangesSpec,
  DeletedEntry,
  EntryKind,
  LayerChanges,
  LayerName,
  ModifiedEntry,
} from './types.js';
