/** What comes out of the native floor. */

/** A call failed: what the C call said, and where in the sequence. */
export interface Failure {
  /** `errno`, positive. */
  readonly error: number;
  readonly syscall: string;
  readonly step: string;
  /** The steps before could not be undone: their mount is still there. */
  readonly left: boolean;
  /** The mount found where another was expected; 0n otherwise. */
  readonly mountId: bigint;
  /** Of the call's list of paths, the one that the failure is about; -1 otherwise. */
  readonly index: number;
  /** What the kernel wrote to the filesystem context, a message a line. */
  readonly log: Buffer | null;
  /** The mount point that stands in the way. */
  readonly other: Buffer | null;
  /** What was made in the root of the target and could not be removed again: its path in there. */
  readonly leftMade?: Buffer | null;
}

/** Nothing, when all went well; the new mount's id, when it was asked for. */
export type Outcome = undefined | bigint | Failure;

/** The new mount's id, and which way was taken: of those that need no option string made by the caller. */
export interface Mounted {
  readonly mountId: bigint;
  readonly way: number;
}

/** A mount without a place, which the native floor owns: src-native/napi/descriptor.h. */
export interface Tree {
  readonly tree: unique symbol;
}

/** Stands for a call that may be cancelled: src-native/napi/cancellation.h. */
export interface Ticket {
  readonly ticket: unique symbol;
}

/** A mount that was made, without a place if that was asked for. */
export interface Made extends Mounted {
  readonly tree?: Tree;
}

/** Why a mount was not taken down; where there were several to take down, the mount points of those that are and are not. */
export interface UmountFailure extends Failure {
  readonly down?: readonly Buffer[];
  readonly remaining?: readonly Buffer[];
}

export type UmountOutcome = undefined | UmountFailure;

/** What came of the steps. */
export interface ScratchResult {
  /** For each step its errno, 0 for success, or the text that it found. */
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

/** Where a path leads; all but the first are without meaning when that is not 0. */
export interface PathFacts {
  /** `errno` of going there. */
  readonly error: number;
  /** Without links, `.` and `..`. */
  readonly path: Buffer;
  /** `st_mode`. */
  readonly mode: number;
  /** Together with `inode`, what makes two paths the same directory. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Of a device file the device that it stands for, `st_rdev`. */
  readonly special: bigint;
  /** The mount's id as in the mount table. */
  readonly mountId: bigint;
  /** The same mount's id that is never used again, from Linux 6.8 on. */
  readonly uniqueId: bigint;
  /** `f_type` of statfs(2): the magic number of the filesystem. */
  readonly type: bigint;
  /** `f_flags` of statfs(2): `ST_RDONLY` is 1. */
  readonly flags: bigint;
  /** Whether it leads to the root of a mount (`STATX_ATTR_MOUNT_ROOT`). */
  readonly isMountPoint: boolean;
}

/** What an upper layer needs, tried on a file without a name: errnos, 0 where it works. */
export interface UpperFacts {
  readonly tmpfile: number;
  readonly trusted: number;
  readonly user: number;
  /** Whether readdir tells the types of entries (d_type). */
  readonly types: boolean;
}

export interface Examination {
  readonly paths: readonly PathFacts[];
  /** The files' bytes; null for one that cannot be read. */
  readonly files: readonly (Buffer | null)[];
  readonly upper: UpperFacts | null;
}

/** One way in which a process uses a mount: src-native/engines/holders/process_uses.h. */
export interface ProcessUse {
  readonly pid: number;
  readonly command: Buffer;
  readonly how: 'cwd' | 'root' | 'executable' | 'file' | 'socket' | 'mapped';
  /** Of a file or socket; -1 otherwise. */
  readonly fd: number;
  readonly path: Buffer;
  readonly byDevice: boolean;
}

/** All that uses a mount, and where else to look: src-native/engines/holders/holders.h. */
export interface HoldersScan {
  /** As in the mount table. */
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
  /** How many of these could not be looked at. */
  readonly unseen: number;
}

/** Lines of a mount table, and for each the lasting id, 0n where it is not known: src-native/table/raw_table.h. */
export interface TableLines {
  readonly table: Buffer;
  /** Null where the kernel has none. */
  readonly ids: BigUint64Array | null;
}

/** A watch of the native floor, of which nothing is known here: src-native/table/watch.h. */
export interface Watch {
  readonly [brand]: never;
}
declare const brand: unique symbol;

/** The lines that are not as they were; both empty when the watch was closed. */
export interface TableDifference {
  readonly before: TableLines;
  readonly after: TableLines;
}

/** A walk through layers, of which nothing is known here: src-native/engines/layers/layer_changes.h. */
export interface LayerWalk {
  readonly walk: unique symbol;
}
