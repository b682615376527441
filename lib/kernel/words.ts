// Defines the types of the checked values that lib/ passes to the addon.

/** A path or other bytes without a NUL; a string stands for its UTF-8 encoding. */
export type Bytes = string | Buffer;

/** A namespace: a descriptor, the path of a namespace file, or null for the caller's own namespace. */
export type NativeNamespace = number | Bytes | null;

/** The target of an operation: src-native/place/target.h. */
export interface NativeTarget {
  /**
   * The path of the target, inside `root` unless `root` is null. An empty path stands for the target of a detached
   * mount.
   */
  readonly path: Bytes;
  readonly root: Bytes | null;
  /**
   * What to create if the target does not exist: 0 nothing, 1 a directory, 2 a file, 3 whichever of the two the source
   * is.
   */
  readonly create: number;
  /** How the kernel resolves the path inside the root: a combination of the bits in lib/arguments/target.ts. */
  readonly resolve: number;
}

/** A change of attributes (bits of `MOUNT_ATTR_*`) and of propagation (one of `MS_PRIVATE` and the like, or 0). */
export interface AttributeChange {
  readonly set: number;
  readonly clear: number;
  readonly propagation: number;
  /** Whether the change also applies to all mounts below the mount. */
  readonly recursive: boolean;
}

/** The ID map of an idmapped mount: an existing user namespace, or lines of uid_map and gid_map for a new one. */
export interface NativeIdMap {
  readonly userNamespace: NativeNamespace;
  readonly uidMap: string | null;
  readonly gidMap: string | null;
}

/** Returns the name in an option of the form `name` or `name=value`. */
export function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}
