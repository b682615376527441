/**
 * A name of the mount table. Names are bytes: one that is UTF-8 comes as a string, any other as a Buffer; with
 * `encoding: 'buffer'` all come as Buffers.
 */
export type MountName = string | Buffer;

/** How changes spread from a mount to others and to it: the optional fields of its line in the table. */
export interface MountPropagation {
  /** `shared:N`: the peer group that mounts and unmounts below it are shared with. */
  readonly shared: number | null;
  /** `master:N`: the peer group that it receives from, as a slave. */
  readonly master: number | null;
  /** `propagate_from:N`: the nearest group above that this process can see, where the master is not to be seen. */
  readonly propagateFrom: number | null;
  /** It cannot be bound to another place. */
  readonly unbindable: boolean;
}

/** The number of a device. */
export interface DeviceNumber {
  /** Which driver. */
  readonly major: number;
  /** Which of its devices. */
  readonly minor: number;
}

/**
 * One mount: a line of the mount table, all of it decoded.
 *
 * @typeParam Name `Buffer` where all names were asked for as bytes
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export interface MountEntry<Name extends MountName = MountName> {
  /** The id in the table. When the mount is gone the kernel gives it to another, often at once. */
  readonly id: bigint;
  /** The id in the table of the mount that this one is mounted on, which may be one that the table does not have. */
  readonly parentId: bigint;
  /**
   * The 64-bit id that is never used again: {@link Mount.id}, `stx_mnt_id` of statx(2). Null where it is not known:
   * before Linux 6.8, in a table that was parsed from text, or for a mount that came or went while the table was read.
   * The two kinds never meet: lasting ids begin above 2³¹, those of the table end below.
   */
  readonly uniqueId: bigint | null;
  /** The number of the filesystem's device: `st_dev` of files on it. */
  readonly device: DeviceNumber;
  /** Which directory (or file) of the filesystem is mounted; of a namespace, for example `net:[4026532281]`. */
  readonly root: Name;
  /** That directory was deleted since (`//deleted`, which is no part of `root`). */
  readonly rootDeleted: boolean;
  /** The mount point, absolute, as this process (or that of `pid`) sees it. */
  readonly target: Name;
  /** The mount point was deleted (`//deleted`, which is no part of `target`); kernels before 3.18 could do that. */
  readonly targetDeleted: boolean;
  /** The attributes of the mount: `rw` or `ro`, `nosuid`, `relatime`, `idmapped` … */
  readonly options: readonly string[];
  /** The peer groups that it is in. */
  readonly propagation: MountPropagation;
  /** The type of the filesystem, with the subtype where there is one: `ext4`, `fuse.sshfs`. */
  readonly fsType: string;
  /** What stands behind the dot of the type: `sshfs`. */
  readonly subtype: string | null;
  /** What was mounted: a device, a server's directory, or any name; may be empty. */
  readonly source: Name;
  /** The options of the filesystem, one by one, without the table's octal escapes. Each filesystem has its own rules. */
  readonly superOptions: readonly Name[];
  /** The same as it stands in the table, in one piece and with all escapes: what {@link parseOverlayData} reads. */
  readonly superOptionsText: Name;
}

/** What has become of a mount. */
export interface MountTableChange<Name extends MountName = MountName> {
  /** Changed: moved, remounted, with other attributes, another propagation, or on another parent. */
  readonly type: 'attached' | 'detached' | 'changed';
  /** The mount as it is now; of one that was detached, as it was last. */
  readonly entry: MountEntry<Name>;
  /** The mount as it was; null for one that was attached. */
  readonly previous: MountEntry<Name> | null;
}
