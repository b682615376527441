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

/** A process that has a file open there, or a directory; sockets and pipes that have a name there are none. */
export interface ProcessFileHolder extends ProcessHolderCommon {
  readonly how: 'file';
  readonly fd: number;
}

/** A process that has a file from there in its memory: a library, or its own program. */
export interface ProcessMappingHolder extends ProcessHolderCommon {
  readonly how: 'mapped';
  /**
   * Known by the number of the device only, as the kernel tells more to none but CAP_SYS_ADMIN of the machine: a file
   * of this filesystem, perhaps of another mount of it. Then `blocks` is false.
   */
  readonly byDevice: boolean;
}

export type ProcessHolder = ProcessDirectoryHolder | ProcessFileHolder | ProcessMappingHolder;

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
