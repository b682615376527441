// Defines the types of an overlay: its layers, its options, and the strategies that mount it.
import type { PathLike } from '../arguments/check.js';

/**
 * The options of overlayfs besides the layers, under the kernel's names in camelCase. For an option that is left out,
 * the kernel uses the default that its configuration and the parameters of the overlay module set.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export interface OverlayOptionValues {
  /** Whether overlayfs checks permissions by the mode alone, and not also with the credentials of the mounting user. */
  defaultPermissions?: boolean;
  /**
   * How overlayfs renames a directory of a lower layer. `'on'` writes redirects and follows them, `'follow'` only
   * follows them, and `'nofollow'` does neither. `'off'` means `'follow'` or `'nofollow'`: the module parameter
   * `redirect_always_follow` decides.
   */
  redirectDir?: 'off' | 'follow' | 'nofollow' | 'on';
  /**
   * Whether overlayfs keeps an index: hard links stay hard links when they are copied up, and the kernel refuses an
   * upper directory that is in use. `index: true` needs `upper`.
   */
  index?: boolean;
  /**
   * The UUID of the overlay. `'null'` sets no UUID, and the filesystem ID is that of the upper filesystem. `'off'` is
   * like `'null'`, and overlayfs ignores the UUIDs of the layers too. `'on'` stores a UUID in the upper directory and
   * needs `upper`. `'auto'` stores a UUID if the upper directory is new.
   */
  uuid?: 'off' | 'null' | 'auto' | 'on';
  /** Whether files can be opened by file handle, which an NFS server needs. `nfsExport: true` excludes `metacopy`. */
  nfsExport?: boolean;
  /**
   * Whether overlayfs keeps its extended attributes as `user.*` instead of `trusted.*`, as a user namespace requires.
   * `userxattr: true` excludes `metacopy` and every `redirectDir` but `'nofollow'`. Since Linux 5.11.
   */
  userxattr?: boolean;
  /**
   * How overlayfs gives files unique inode numbers that stay the same. `'off'` uses the numbers of the layers, `'on'`
   * adds bits to these numbers, and `'auto'` adds bits where the filesystems leave bits free.
   */
  xino?: 'off' | 'auto' | 'on';
  /**
   * Whether overlayfs copies up only the metadata of a file until its content changes. Overlayfs finds a renamed copy
   * by its redirect, so `metacopy: true` needs `redirectDir: 'on'`, or `'follow'` without `upper`.
   */
  metacopy?: boolean;
  /**
   * Whether overlayfs checks the content of a file against the fs-verity digest that is stored with a metacopy. `'off'`
   * never checks, `'on'` checks if a digest is stored, and `'require'` always checks.
   */
  verity?: 'off' | 'on' | 'require';
  /**
   * Whether overlayfs never waits for the disk, so that a crash makes the upper layer worthless. `volatile: true` needs
   * `upper`. Since Linux 5.10.
   */
  volatile?: boolean;
  /**
   * When overlayfs waits until a file that it copied up is on the disk. `'auto'` waits where the upper filesystem needs
   * the wait for its own safety, `'strict'` always waits, and `'volatile'` never waits, like `volatile: true`. Each
   * value needs `upper`. A stable release of Linux 6.18 added the option.
   */
  fsync?: 'auto' | 'strict' | 'volatile';
  /**
   * Whether overlayfs works on the layers with the credentials of the process that mounted (the default) or, with
   * `false`, with those of the process that uses the overlay. Since Linux 6.15.
   */
  overrideCreds?: boolean;
}

/**
 * The layers and the options of an overlay. A program can fill the object step by step. The functions that take a spec
 * throw a `TypeError` for options that the kernel would refuse together, and for options that the kernel would ignore.
 *
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export interface OverlaySpec extends OverlayOptionValues {
  /** The lower layers, topmost first, as in `lowerdir=`. Without `upper`, an overlay needs at least two layers. */
  lower: readonly PathLike[];
  /**
   * The data-only layers, which are below all others. The overlay shows only contents of files in data-only layers, and
   * only where a layer above refers to the file by metadata (`metacopy`). Since Linux 6.5.
   */
  dataOnly?: readonly PathLike[];
  /**
   * The upper directory, which takes all changes. The filesystem of `upper` needs extended attributes and d_type, so
   * neither NFS nor another overlay can hold an upper directory. Without an upper directory the overlay is read-only.
   */
  upper?: PathLike | undefined;
  /**
   * The work directory, which `upper` needs: an empty directory on the mount of `upper`, with neither inside the other.
   */
  work?: PathLike | undefined;
}

/**
 * The strategy that mounts an overlay.
 *
 * - `'data'`: mount(2) with an option string, which has to be shorter than a page.
 * - `'fsconfig'`: fsopen(2), one fsconfig(2) for each layer, fsmount(2) and move_mount(2), since Linux 6.7. The addon
 *   opens each layer once and passes the descriptor to the kernel.
 * - `'descriptors'`: mount(2) with an option string of descriptor numbers, from the working directory `/proc/self/fd`.
 *   The mount table then shows the descriptor numbers instead of paths.
 */
export type OverlayStrategy = 'data' | 'fsconfig' | 'descriptors';
