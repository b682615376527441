import type { PathLike } from '../arguments/check.js';

/**
 * What an overlay is made of. Options have the kernel's names in camelCase; those left out have the kernel's defaults,
 * which are set when it is built and by the module's parameters. Combinations that the kernel refuses, and those where
 * it would ignore an option, cannot be written down here, and are refused at run time too.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export type OverlaySpec = OverlaySpecLayers &
  (OverlaySpecWritable | OverlaySpecReadonly) &
  OverlayXattrRule &
  OverlayMetacopyRule &
  OverlayExportRule &
  OverlaySyncRule;

/** Layers and options of every overlay. */
export interface OverlaySpecLayers {
  /** The lower layers, the first is topmost, as in `lowerdir=`. Nothing is ever written to them. */
  lower: readonly PathLike[];
  /**
   * Layers below all others of which only file contents are seen, and only where a layer above refers to them by
   * metadata (`metacopy`). Since Linux 6.5.
   */
  dataOnly?: readonly PathLike[];
  /** Check permissions by mode alone, not also as the user who mounted. */
  defaultPermissions?: boolean;
  /**
   * How a directory of a lower layer is renamed: `'on'` writes a redirect and follows them, `'follow'` only follows,
   * `'nofollow'` does neither, and `'off'` is one of the last two, by a parameter of the module.
   */
  redirectDir?: 'off' | 'follow' | 'nofollow' | 'on';
  /** Check file contents against the digest (fs-verity) kept with a metacopy: never, if there is one, always. */
  verity?: 'off' | 'on' | 'require';
  /** Inode numbers that are unique and stay the same: of the layers by themselves, or with bits added. */
  xino?: 'off' | 'auto' | 'on';
  /**
   * Act on the layers with the credentials of the caller of the mount (the default) or, when false, with those of
   * whoever uses the overlay. Since Linux 6.15.
   */
  overrideCreds?: boolean;
}

/** With an upper layer, which takes all changes. */
export interface OverlaySpecWritable {
  /** The directory that takes the changes: on a filesystem with extended attributes and d_type, not NFS, not overlay. */
  upper: PathLike;
  /** An empty directory on the same mount as `upper`, neither inside the other: the kernel's own workspace. */
  work: PathLike;
  /** Keep hard links together when they are copied up, and refuse an upper layer that is in use. */
  index?: boolean;
  /** The overlay's identity: none, none but a file system id, kept in the upper layer, or kept if it is fresh. */
  uuid?: 'off' | 'null' | 'auto' | 'on';
  /** Never wait for the disk; after a crash the upper layer is worthless. Since Linux 5.10. */
  volatile?: boolean;
  /**
   * When a copied-up file waits for the disk: where the upper filesystem needs it for its own safety, always, or never,
   * which is `volatile` by another name. In Linux 6.18 from some stable release on.
   */
  fsync?: 'auto' | 'strict' | 'volatile';
}

/** Without: at least two lower layers (data-only ones counted), and nothing can be written. */
export interface OverlaySpecReadonly {
  /** None. */
  upper?: undefined;
  /** None. */
  work?: undefined;
  /** Needs an upper layer. */
  index?: false;
  /** The overlay's identity; it can be kept in an upper layer only. */
  uuid?: 'off' | 'null' | 'auto';
  /** Needs an upper layer. */
  volatile?: false;
  /** Needs an upper layer. */
  fsync?: undefined;
}

/** Whiteouts and the like in attributes `user.*` instead of `trusted.*`, as in a user namespace. Since Linux 5.11. */
export type OverlayXattrRule =
  | { userxattr?: false }
  | { userxattr?: boolean; metacopy?: false; redirectDir?: 'nofollow' };

/** Copy up only metadata until the contents change; a copy that was renamed is found by its redirect. */
export type OverlayMetacopyRule =
  | { metacopy?: false }
  | { metacopy?: boolean; redirectDir?: 'on' }
  | { metacopy?: boolean; redirectDir?: 'on' | 'follow'; upper?: undefined };

/** Let files be found again by handle, as an NFS server has to. */
export type OverlayExportRule =
  | { nfsExport?: false }
  | { nfsExport?: boolean; metacopy?: false; upper: PathLike; index?: true }
  | { nfsExport?: boolean; metacopy?: false; upper?: undefined; index?: undefined; redirectDir: 'nofollow' };

/** Two words for one thing may not contradict each other. */
export type OverlaySyncRule = { volatile?: false } | { volatile?: boolean; fsync?: 'volatile' };

/**
 * How an overlay is mounted.
 *
 * - `'data'`: an option string and mount(2), which takes less than a page;
 * - `'fsconfig'`: fsopen(2) … move_mount(2), one parameter for each layer, since Linux 6.7; layers are opened once and
 *   given by descriptor;
 * - `'descriptors'`: mount(2) with an option string of descriptor numbers, from a working directory `/proc/self/fd`. The
 *   mount table shows the numbers.
 */
export type OverlayStrategy = 'data' | 'fsconfig' | 'descriptors';
