// The values that lib/ hands to the addon, once they are checked.

/** A path or other bytes without a NUL; a string stands for its UTF-8. */
export type Bytes = string | Buffer;

/** A namespace: the number of a descriptor, the path of a file, or null for the caller's own. */
export type NativeNamespace = number | Bytes | null;

/** A mount point: src-native/place/target.h. */
export interface NativeTarget {
  /** The path; with `root` a path inside that directory. An empty path stands for a detached mount, which has no target. */
  readonly path: Bytes;
  readonly root: Bytes | null;
  /** What to create where nothing exists: 0 nothing, 1 a directory, 2 a file, 3 whichever the source is. */
  readonly create: number;
  /** How to resolve the path inside the root: bits of lib/arguments/target.ts. */
  readonly resolve: number;
}

/** A change of mount attributes, `MOUNT_ATTR_*`, and of propagation, `MS_*` or 0. */
export interface AttributeChange {
  readonly set: number;
  readonly clear: number;
  readonly propagation: number;
  /** Whether the mounts below change as well. */
  readonly recursive: boolean;
}

/** The user namespace of an idmapped mount, or the lines of /proc/PID/uid_map and gid_map for a new one. */
export interface NativeIdMap {
  readonly userNamespace: NativeNamespace;
  readonly uidMap: string | null;
  readonly gidMap: string | null;
}

/** The name in a word `name` or `name=value`. */
export function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}
