// Defines the kinds of arguments of native calls: the type of each kind, and the order of the members of a record.
import type { AttributeChange, Bytes, NativeIdMap, NativeNamespace, NativeTarget } from '../words.js';
import type { Cancellation, LayerWalk, Tree, Watch } from './results.js';

/** The type of an argument, by its kind. Several kinds have one type and differ in how the trace writes them. */
export interface ValueKinds {
  bytes: Bytes;
  optionalBytes: Bytes | null;
  /** Paths or other names, which the trace writes in full. */
  paths: readonly Bytes[];
  boolean: boolean;
  optionalId: bigint | null;
  /** `MS_*` of mount(2). */
  mountFlags: number;
  /** `MNT_*` and `UMOUNT_NOFOLLOW` of umount2(2). */
  umountFlags: number;
  /** Option data of the caller, of which the trace writes the length only: a part of it may be a password. */
  secretData: Bytes | null;
  /** Filesystem parameters, `name` or `name=value`, of which the trace writes the names only. */
  parameters: readonly Bytes[];
  /** Filesystem parameters in one option string, of which the trace writes the names only. */
  parameterData: Bytes | null;
  /** Strategies for an overlay, as bits: src-native/overlay/overlay.h. */
  strategies: number;
  /** The bits of `resolve` of {@link NativeTarget}, in a call that takes the root as a separate argument. */
  resolveFlags: number;
  /** The option string of an overlay that overlaySupport() tries. */
  optionString: string | null;
  /** Steps of overlaySupport(): src-native/engines/probe/scratch.h. */
  program: readonly Bytes[];
  target: NativeTarget;
  change: AttributeChange;
  idMap: NativeIdMap;
  namespace: NativeNamespace;
  cancellation: Cancellation | null;
  tree: Tree;
  optionalTree: Tree | null;
  watch: Watch;
  walk: LayerWalk;
}

/** The kinds whose value is a record, with the members in the order in which the addon reads them. */
export const MEMBERS: {
  readonly [K in keyof ValueKinds]?: readonly (keyof ValueKinds[K])[];
} = {
  target: ['path', 'root', 'create', 'resolve'],
  change: ['set', 'clear', 'propagation', 'recursive'],
  idMap: ['userNamespace', 'uidMap', 'gidMap'],
};
