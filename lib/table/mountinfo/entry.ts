// The types of an entry of the mount table.

/**
 * A path or another name in the mount table. Names are bytes: a name that is UTF-8 is a string, and any other name is a
 * Buffer. With `encoding: 'buffer'` every name is a Buffer.
 */
export type MountName = string | Buffer;

/** The propagation of a mount: the optional fields of its line in the mount table. See mount_namespaces(7). */
export interface MountPropagation {
  /** `shared:N`: the ID of the peer group that the mount belongs to. Null if the mount is not shared. */
  readonly shared: number | null;
  /**
   * `master:N`: the ID of the peer group that the mount receives mount and unmount events from. Null if the mount is no
   * slave.
   */
  readonly master: number | null;
  /**
   * `propagate_from:N`: the ID of the nearest dominant peer group that has a mount under the same root directory. Null
   * if that peer group is the master itself, or if there is no such peer group.
   */
  readonly propagateFrom: number | null;
  /** Whether the mount is unbindable: the kernel refuses to bind-mount it. */
  readonly unbindable: boolean;
}

/** The number of a device, in its two parts. */
export interface DeviceNumber {
  /** The major number, which identifies the driver. */
  readonly major: number;
  /** The minor number, which identifies a device of that driver. */
  readonly minor: number;
}

/**
 * One mount: a line of the mount table with all fields decoded.
 *
 * @typeParam Name `Buffer` if the caller asked for `encoding: 'buffer'`
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export interface MountEntry<Name extends MountName = MountName> {
  /** The mount ID in the table. The kernel reuses the mount ID of an unmounted mount, often at once. */
  readonly id: bigint;
  /** The mount ID of the parent mount. The table lacks a parent that is outside the root directory. */
  readonly parentId: bigint;
  /**
   * The 64-bit unique mount ID, which the kernel never reuses: {@link Mount.id}, `stx_mnt_id` of statx(2) with
   * `STATX_MNT_ID_UNIQUE`. Null if the ID is unknown: before Linux 6.8, in a table parsed from text, or for a mount
   * that was attached or detached while the table was read. A unique mount ID is always above 2³¹, and an `id` is
   * always below.
   */
  readonly uniqueId: bigint | null;
  /** The device number of the filesystem: `st_dev` of the files on the mount. */
  readonly device: DeviceNumber;
  /**
   * The directory or file of the filesystem that is mounted. The root of a mounted namespace file is a name like
   * `net:[4026532281]`.
   */
  readonly root: Name;
  /** Whether the mounted directory or file was deleted. The table's suffix `//deleted` is not part of `root`. */
  readonly rootDeleted: boolean;
  /**
   * The mount point: an absolute path as this process sees it, or as the process `pid` or the namespace's root sees it.
   */
  readonly target: Name;
  /**
   * Whether the mount point was deleted, which is possible before Linux 3.18. The suffix `//deleted` is not part of
   * `target`.
   */
  readonly targetDeleted: boolean;
  /** The attributes of the mount: `rw` or `ro`, `nosuid`, `relatime`, `idmapped` … */
  readonly options: readonly string[];
  /** The propagation of the mount. */
  readonly propagation: MountPropagation;
  /** The type of the filesystem, with the subtype if it has one: `ext4`, `fuse.sshfs`. */
  readonly fsType: string;
  /**
   * The subtype of the filesystem, the part of `fsType` after the first dot: `sshfs`. Null if the type has no subtype.
   */
  readonly subtype: string | null;
  /** The source of the mount: a device, a server's directory, or any name. The source may be empty. */
  readonly source: Name;
  /**
   * The options of the filesystem as a list, with the table's octal escapes decoded. Each filesystem writes its options
   * in its own format.
   */
  readonly superOptions: readonly Name[];
  /**
   * The options of the filesystem as one string, with the table's octal escapes: the input of {@link parseOverlayData}.
   */
  readonly superOptionsText: Name;
}

/** A change of the mount table that {@link MountTable.diff} and {@link watchMountTable} report. */
export interface MountTableChange<Name extends MountName = MountName> {
  /**
   * The kind of change. `'changed'` is a mount that was moved or remounted, or whose attributes or propagation changed.
   */
  readonly type: 'attached' | 'detached' | 'changed';
  /** The mount after the change; for a mount that was detached, its last state. */
  readonly entry: MountEntry<Name>;
  /** The mount before the change. Null for a mount that was attached. */
  readonly previous: MountEntry<Name> | null;
}
