/** A path in what {@link holders} finds: text, or bytes where it is not UTF-8 or all are asked for as bytes. */
export type HolderPath = string | Buffer;

interface HolderCommon {
  /**
   * Whether umount(2) is known to answer `EBUSY` because of it. What is not only keeps the filesystem in use when the
   * mount is gone: its device, its server, its data in memory.
   */
  readonly blocks: boolean;
}

interface ProcessHolderCommon extends HolderCommon {
  /** A process. */
  readonly kind: 'process';
  /** Its number in the PID namespace of `/proc`. */
  readonly pid: number;
  /** The name that the process has: 15 bytes at most, without arguments. */
  readonly command: string;
  /** Whether it is the process that asks. */
  readonly isThisProcess: boolean;
  /** Where in the mount; what has been deleted has ` (deleted)` after it. */
  readonly path: HolderPath;
}

/** A process that has its working directory (`cwd`), its root directory, or its program there. */
export interface ProcessDirectoryHolder extends ProcessHolderCommon {
  /** Which of these it is. */
  readonly how: 'cwd' | 'root' | 'executable';
}

/** A process that has a file or directory open there. */
export interface ProcessFileHolder extends ProcessHolderCommon {
  /** It is open. */
  readonly how: 'file';
  /** The number of the descriptor in that process. */
  readonly fd: number;
}

/** What is known by the number of the device only is on this filesystem, but perhaps on another mount of it. */
interface ByDevice {
  /** `blocks` is then true only if there is no other mount of it to be seen. */
  readonly byDevice: boolean;
}

/** A process that has a Unix socket bound to a name there. The path is what it gave to bind(2). */
export interface ProcessSocketHolder extends ProcessHolderCommon, ByDevice {
  /** It is the name of a socket. */
  readonly how: 'socket';
  /** The number of the descriptor in that process. */
  readonly fd: number;
}

/**
 * A process that has a file from there in its memory: a library, or its own program. Of which mount it is the kernel
 * tells only with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE of the machine.
 */
export interface ProcessMappingHolder extends ProcessHolderCommon, ByDevice {
  /** It is in memory. */
  readonly how: 'mapped';
}

/** A process that uses a mount, by `how`. */
export type ProcessHolder = ProcessDirectoryHolder | ProcessFileHolder | ProcessSocketHolder | ProcessMappingHolder;

/** A loop device, whose file is on the mount going by the path that the kernel has for it. */
export interface LoopHolder extends HolderCommon {
  /** A loop device. */
  readonly kind: 'loop';
  /** `/dev/loop0` */
  readonly device: string;
  /** Its file. */
  readonly path: HolderPath;
}

/** A file that the kernel swaps to, going by its path. */
export interface SwapHolder extends HolderCommon {
  /** A swap file. */
  readonly kind: 'swap';
  /** Where it is. */
  readonly path: HolderPath;
}

/** A mount below, hidden ones as well. */
export interface MountHolder extends HolderCommon {
  /** A mount. */
  readonly kind: 'mount';
  /** As in the mount table. */
  readonly id: bigint;
  /** Its mount point. */
  readonly path: HolderPath;
  /** The type of its filesystem. */
  readonly fsType: string;
}

/** An overlay of this mount namespace with a layer on the mount, going by the path it was given. It does not block. */
export interface OverlayHolder extends HolderCommon {
  /** An overlay. */
  readonly kind: 'overlay';
  /** Where the overlay is mounted. */
  readonly path: HolderPath;
  /** The directory on the mount that it has as a layer. */
  readonly layer: HolderPath;
  /** What it has that for. */
  readonly how: 'lower' | 'upper' | 'work';
}

/** Another mount namespace that has the same directory of the same filesystem mounted. It does not block. */
export interface NamespaceHolder extends HolderCommon {
  /** A mount namespace. */
  readonly kind: 'namespace';
  /** The number in `mnt:[…]` of `/proc/PID/ns/mnt`. */
  readonly inode: bigint;
  /** One of the processes that are in it. */
  readonly pid: number;
  /** The name of that process. */
  readonly command: string;
  /** Where it is mounted, seen from there. */
  readonly path: HolderPath;
}

/** Who uses a mount, by `kind`. */
export type Holder = ProcessHolder | LoopHolder | SwapHolder | MountHolder | OverlayHolder | NamespaceHolder;
