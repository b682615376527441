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
  readonly kind: 'process';
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
  readonly how: 'cwd' | 'root' | 'executable';
}

/** A process that has a file or directory open there. */
export interface ProcessFileHolder extends ProcessHolderCommon {
  readonly how: 'file';
  readonly fd: number;
}

/** What is known by the number of the device only is on this filesystem, but perhaps on another mount of it. */
interface ByDevice {
  /** `blocks` is then true only if there is no other mount of it to be seen. */
  readonly byDevice: boolean;
}

/** A process that has a Unix socket bound to a name there. The path is what it gave to bind(2). */
export interface ProcessSocketHolder extends ProcessHolderCommon, ByDevice {
  readonly how: 'socket';
  readonly fd: number;
}

/**
 * A process that has a file from there in its memory: a library, or its own program. Of which mount it is the kernel
 * tells only with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE of the machine.
 */
export interface ProcessMappingHolder extends ProcessHolderCommon, ByDevice {
  readonly how: 'mapped';
}

export type ProcessHolder = ProcessDirectoryHolder | ProcessFileHolder | ProcessSocketHolder | ProcessMappingHolder;

/** A loop device, whose file is on the mount going by the path that the kernel has for it. */
export interface LoopHolder extends HolderCommon {
  readonly kind: 'loop';
  /** `/dev/loop0` */
  readonly device: string;
  readonly path: HolderPath;
}

/** A file that the kernel swaps to, going by its path. */
export interface SwapHolder extends HolderCommon {
  readonly kind: 'swap';
  readonly path: HolderPath;
}

/** A mount below, hidden ones as well. */
export interface MountHolder extends HolderCommon {
  readonly kind: 'mount';
  /** As in the mount table. */
  readonly id: bigint;
  readonly path: HolderPath;
  readonly fsType: string;
}

/** An overlay of this mount namespace with a layer on the mount, going by the path it was given. It does not block. */
export interface OverlayHolder extends HolderCommon {
  readonly kind: 'overlay';
  /** Where the overlay is mounted. */
  readonly path: HolderPath;
  readonly layer: HolderPath;
  readonly how: 'lower' | 'upper' | 'work';
}

/** Another mount namespace that has the same directory of the same filesystem mounted. It does not block. */
export interface NamespaceHolder extends HolderCommon {
  readonly kind: 'namespace';
  /** The number in `mnt:[…]` of `/proc/PID/ns/mnt`. */
  readonly inode: bigint;
  /** One of the processes that are in it. */
  readonly pid: number;
  readonly command: string;
  /** Where it is mounted, seen from there. */
  readonly path: HolderPath;
}

/** Who uses a mount, by `kind`. */
export type Holder = ProcessHolder | LoopHolder | SwapHolder | MountHolder | OverlayHolder | NamespaceHolder;
