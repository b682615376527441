// The types of the holders that `holders` returns, one for each kind.

/**
 * A path in a {@link Holder}: a string where the path is UTF-8, and otherwise a Buffer. With `encoding: 'buffer'`,
 * every path is a Buffer.
 */
export type HolderPath = string | Buffer;

interface HolderCommon {
  /**
   * Whether the holder makes umount(2) fail with `EBUSY`. A holder with `false` only keeps the filesystem in use after
   * the mount is unmounted: its device, its server or its data in memory.
   */
  readonly blocks: boolean;
}

interface ProcessHolderCommon extends HolderCommon {
  /** The kind of a holder that is a process. */
  readonly kind: 'process';
  /** The process ID, in the PID namespace of `/proc`. */
  readonly pid: number;
  /** The name of the process from `/proc/PID/comm`: at most 15 bytes, without arguments. */
  readonly command: string;
  /** Whether the process is the one that called {@link holders}. */
  readonly isThisProcess: boolean;
  /** The path on the mount that the process uses. The kernel appends ` (deleted)` to the path of a deleted file. */
  readonly path: HolderPath;
}

/** A process whose working directory, root directory or executable is on the mount. */
export interface ProcessDirectoryHolder extends ProcessHolderCommon {
  /** How the process uses the mount: by its working directory (`cwd`), its root directory or its executable. */
  readonly how: 'cwd' | 'root' | 'executable';
}

/** A process that has a file or directory on the mount open. */
export interface ProcessFileHolder extends ProcessHolderCommon {
  /** How the process uses the mount: by an open file. */
  readonly how: 'file';
  /** The file descriptor of the open file in that process. */
  readonly fd: number;
}

// A use that may be known by the device of the filesystem only.
interface ByDevice {
  /**
   * Whether only the device of the filesystem is known, so that the process may use another mount of the filesystem.
   * `blocks` is then true only if no other mount of the filesystem is visible.
   */
  readonly byDevice: boolean;
}

/** A process with a Unix socket bound to a pathname on the mount. `path` is the pathname passed to bind(2). */
export interface ProcessSocketHolder extends ProcessHolderCommon, ByDevice {
  /** How the process uses the mount: by a Unix socket. */
  readonly how: 'socket';
  /** The file descriptor of the socket in that process. */
  readonly fd: number;
}

/**
 * A process that has mapped a file on the mount into its memory, for example a shared library. The kernel reports the
 * mount of a mapped file only with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the initial user namespace.
 */
export interface ProcessMappingHolder extends ProcessHolderCommon, ByDevice {
  /** How the process uses the mount: by a mapped file. */
  readonly how: 'mapped';
}

/**
 * A process that uses a mount; `how` tells the uses apart. The result of {@link holders} lists a process once for each
 * use.
 */
export type ProcessHolder = ProcessDirectoryHolder | ProcessFileHolder | ProcessSocketHolder | ProcessMappingHolder;

/** A loop device whose backing file is on the mount, matched by the path that the kernel reports for the file. */
export interface LoopHolder extends HolderCommon {
  /** The kind of a holder that is a loop device. */
  readonly kind: 'loop';
  /** The path of the loop device: `/dev/loop0`. */
  readonly device: string;
  /** The path of the backing file. */
  readonly path: HolderPath;
}

/** A swap file on the mount, matched by its path in `/proc/swaps`. */
export interface SwapHolder extends HolderCommon {
  /** The kind of a holder that is a swap file. */
  readonly kind: 'swap';
  /** The path of the swap file. */
  readonly path: HolderPath;
}

/** A mount below the examined mount. Another mount may hide the holder. */
export interface MountHolder extends HolderCommon {
  /** The kind of a holder that is a mount. */
  readonly kind: 'mount';
  /** The mount ID, as in the mount table. */
  readonly id: bigint;
  /** The mount point of the mount below. */
  readonly path: HolderPath;
  /** The type of the filesystem that is mounted below. */
  readonly fsType: string;
}

/**
 * An overlay of this mount namespace that has a layer on the mount, matched by the layer's path in the mount table. An
 * overlay never blocks an umount.
 */
export interface OverlayHolder extends HolderCommon {
  /** The kind of a holder that is an overlay. */
  readonly kind: 'overlay';
  /** The mount point of the overlay. */
  readonly path: HolderPath;
  /** The directory on the mount that is a layer of the overlay. */
  readonly layer: HolderPath;
  /** How the overlay uses the directory: as a lower layer, as the upper directory or as the work directory. */
  readonly how: 'lower' | 'upper' | 'work';
}

/**
 * Another mount namespace in which the same directory of the same filesystem is mounted. A mount namespace never blocks
 * an umount.
 */
export interface NamespaceHolder extends HolderCommon {
  /** The kind of a holder that is a mount namespace. */
  readonly kind: 'namespace';
  /** The inode number of the mount namespace, as in `mnt:[…]` of `/proc/PID/ns/mnt`. */
  readonly inode: bigint;
  /** The process ID of one process in the mount namespace. */
  readonly pid: number;
  /** The name of this process from `/proc/PID/comm`. */
  readonly command: string;
  /** The mount point in the other mount namespace. */
  readonly path: HolderPath;
}

/** A user of a mount, in the result of {@link holders}; `kind` tells the kinds of holders apart. */
export type Holder = ProcessHolder | LoopHolder | SwapHolder | MountHolder | OverlayHolder | NamespaceHolder;
