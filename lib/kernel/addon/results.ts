// The results of native calls.

/** The type of a result, by its kind in the table of calls. */
export interface ResultKinds {
  nothing: undefined | Failure;
  unmounted: undefined | UmountFailure;
  /** The mount ID of the new mount. */
  id: bigint | Failure;
  /**
   * A record of the new overlay, or for mount(2) with an option string only the mount ID, which takes less time to
   * return.
   */
  overlay: bigint | Made | Failure;
  bind: Made | Failure;
  filesystem: Made | Failure;
  boolean: boolean | Failure;
  number: number;
  cancellation: Cancellation;
  examination: Examination | Failure;
  scan: HoldersScan | Failure;
  scratch: ScratchResult | Failure;
  lines: TableLines | Failure;
  watch: Watch | Failure;
  difference: TableDifference | Failure;
  walk: LayerWalk | Failure;
  records: Buffer | Failure;
}

/** A failed system call: its error, and the step of the native call that made the system call. */
export interface Failure {
  /** The error number (`errno`), positive as in C. */
  readonly error: number;
  readonly syscall: string;
  readonly step: string;
  /** Whether the native call could not undo its earlier steps, so that a mount from these steps still exists. */
  readonly left: boolean;
  /** The ID of the mount that was found where another was expected; 0n otherwise. */
  readonly mountId: bigint;
  /** The index of the failed path in the call's list of paths; -1 if the failure concerns no path of the list. */
  readonly index: number;
  /** The messages of the filesystem context, one on a line, which the kernel writes for fsconfig(2) and fsmount(2). */
  readonly log: Buffer | null;
  /** The mount point of another mount that prevents the operation. */
  readonly other: Buffer | null;
  /** The path, inside the root of the target, of a file or directory that the call created and could not remove. */
  readonly leftMade?: Buffer | null;
}

/** Whether a native call failed. */
export function isFailure(result: unknown): result is Failure {
  return typeof result === 'object' && result !== null && 'error' in result;
}

/** A new mount. */
export interface Made {
  readonly mountId: bigint;
  /** The strategy that made the mount: a value of {@link OVERLAY_STRATEGIES} or {@link BIND_STRATEGIES}. */
  readonly strategy: number;
  /** The descriptor of a detached mount. */
  readonly tree?: Tree;
}

/** How an overlay was mounted, by the bits of src-native/overlay/overlay.h. */
export const OVERLAY_STRATEGIES = { data: 1, fsconfig: 2, descriptors: 4 } as const;

/** How a bind was made, by the numbers of src-native/mount/bind.h. */
export const BIND_STRATEGIES = { tree: 1, remount: 2 } as const;

/** The descriptor of a detached mount, which the addon owns: src-native/napi/descriptor.h. */
export interface Tree {
  readonly tree: unique symbol;
}

/** Cancels a native call that another thread makes: src-native/napi/cancellation.h. */
export interface Cancellation {
  readonly cancellation: unique symbol;
}

/**
 * The failure of an umount. If the call unmounts several mounts, `down` has the mount points that are unmounted, and
 * `remaining` those that are still mounted.
 */
export interface UmountFailure extends Failure {
  readonly down?: readonly Buffer[];
  readonly remaining?: readonly Buffer[];
}

/**
 * The result of the native call `scratch`, which runs the trials of overlaySupport():
 * src-native/engines/probe/scratch.h.
 */
export interface ScratchResult {
  /** The result of each step: an error number, 0 for success, or the text that the step read. */
  readonly steps: readonly (number | string)[];
  readonly privateError: number;
  readonly placeError: number;
  readonly removeError: number;
  readonly left: string;
  readonly device: number;
  readonly inUserNamespace: boolean;
  readonly userNamespaceError: number;
  readonly userNamespaceSyscall: string;
}

/** The file that a path leads to. When `error` is not 0, the other members have no meaning. */
export interface PathFacts {
  /** The error number of the lookup of the path; 0 for success. */
  readonly error: number;
  /** The path without symbolic links, `.` and `..`. */
  readonly path: Buffer;
  /** The file type and the permissions: `st_mode`. */
  readonly mode: number;
  /** `st_dev`: two paths lead to the same directory if `device` and `inode` are equal. */
  readonly device: bigint;
  readonly inode: bigint;
  /** `st_rdev`: the device that a device file stands for. */
  readonly special: bigint;
  /** The mount ID that /proc/PID/mountinfo shows, which the kernel may reuse after an unmount. */
  readonly mountId: bigint;
  /** The unique mount ID, since Linux 6.8. */
  readonly uniqueId: bigint;
  /** `f_type` of statfs(2): the magic number of the filesystem. */
  readonly type: bigint;
  /** `f_flags` of statfs(2): `ST_RDONLY` is 1. */
  readonly flags: bigint;
  /** Whether the path leads to the root of a mount (`STATX_ATTR_MOUNT_ROOT`). */
  readonly isMountPoint: boolean;
}

/**
 * The features that a filesystem needs to hold an upper layer, each tried on an unnamed file. A member is the errno of
 * the trial, 0 for success.
 */
export interface UpperFacts {
  readonly tmpfile: number;
  readonly trusted: number;
  readonly user: number;
  /** Whether readdir(3) reports the types of entries (`d_type`). */
  readonly types: boolean;
}

export interface Examination {
  readonly paths: readonly PathFacts[];
  /** The bytes of each file; null for a file that cannot be read. */
  readonly files: readonly (Buffer | null)[];
  readonly upper: UpperFacts | null;
}

/** One use of a mount by a process: src-native/engines/holders/process_uses.h. */
export interface ProcessUse {
  readonly pid: number;
  readonly command: Buffer;
  readonly how: 'cwd' | 'root' | 'executable' | 'file' | 'socket' | 'mapped';
  /** The file descriptor of the open file or socket; -1 for a use without a file descriptor. */
  readonly fd: number;
  readonly path: Buffer;
  readonly byDevice: boolean;
}

/** Everything that uses a mount: src-native/engines/holders/holders.h. */
export interface HoldersScan {
  /** The mount ID that /proc/PID/mountinfo shows. */
  readonly mountId: bigint;
  readonly uses: readonly ProcessUse[];
  readonly namespaces: readonly {
    readonly inode: bigint;
    readonly pid: number;
    readonly command: Buffer;
    readonly mountPoint: Buffer;
  }[];
  readonly loops: readonly { readonly device: string; readonly file: Buffer }[];
  readonly table: Buffer;
  readonly swaps: Buffer | null;
  readonly processes: number;
  /** The number of processes that could not be examined. */
  readonly unseen: number;
}

/** Lines of a mount table, and the unique mount ID of each line, 0n for an unknown ID: src-native/table/raw_table.h. */
export interface TableLines {
  readonly table: Buffer;
  /** The unique mount ID of each line; null on a kernel without unique mount IDs. */
  readonly ids: BigUint64Array | null;
}

/** A watch of the mount table, which the addon owns: src-native/table/watch.h. */
export interface Watch {
  readonly watch: unique symbol;
}

/** The lines of the mount table that changed. Both tables are empty if the watch was closed. */
export interface TableDifference {
  readonly before: TableLines;
  readonly after: TableLines;
}

/** A walk through layers, which the addon owns: src-native/engines/layers/changes.h. */
export interface LayerWalk {
  readonly walk: unique symbol;
}
