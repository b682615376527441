/// <reference types="node" preserve="true" />

/**
 * The exports of `linux-mount/layers`, for image managers: functions for the layers of an overlay, without a mount.
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
} from './markers.js';
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
