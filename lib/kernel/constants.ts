// Defines the constants of mount(2), umount2(2) and mount_setattr(2), and names the flags in a number.
/**
 * The flags of the mount system calls by the kernel's names, like `fs.constants` and `os.constants` of Node. The
 * numbers are the same on every architecture.
 *
 * - `MS_*` are the flags of mount(2), from `linux/mount.h`;
 * - `MNT_*` and `UMOUNT_NOFOLLOW` are the flags of umount2(2), from `linux/fs.h`;
 * - `MOUNT_ATTR_*` are the attributes of mount_setattr(2), from `linux/mount.h`.
 *
 * @example
 * ```ts
 * mountSync('/srv/www', '/jail/www', null, constants.MS_BIND | constants.MS_RDONLY);
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 * @see https://man7.org/linux/man-pages/man2/umount.2.html
 * @see https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
export const constants = {
  /** The mount is read-only; for a new filesystem, the filesystem itself is read-only too. */
  MS_RDONLY: 1,
  /** The kernel ignores set-user-ID and set-group-ID bits and file capabilities on the mount. */
  MS_NOSUID: 2,
  /** Device files on the mount cannot be opened. */
  MS_NODEV: 4,
  /** Programs on the mount cannot be executed. */
  MS_NOEXEC: 8,
  /** Every write is synchronous: it returns after the data is on the device. */
  MS_SYNCHRONOUS: 16,
  /** The call changes the flags and the data of an existing mount. */
  MS_REMOUNT: 32,
  /** Mandatory locks are allowed; the flag has no effect since Linux 5.15. */
  MS_MANDLOCK: 64,
  /** Every change of a directory is synchronous: it returns after the data is on the device. */
  MS_DIRSYNC: 128,
  /** The kernel refuses to follow symbolic links on the mount, since Linux 5.10. */
  MS_NOSYMFOLLOW: 256,
  /** The kernel does not update access times. */
  MS_NOATIME: 1024,
  /** The kernel does not update the access times of directories. */
  MS_NODIRATIME: 2048,
  /** The call makes a bind mount: a directory or file appears at a second mount point. */
  MS_BIND: 4096,
  /** The call moves a mount to another mount point. */
  MS_MOVE: 8192,
  /** The call is recursive: a bind or a change of propagation includes all mounts below the path. */
  MS_REC: 16384,
  /** The kernel does not log some failures of the call. */
  MS_SILENT: 32768,
  /** The filesystem honours POSIX access control lists. */
  MS_POSIXACL: 65536,
  /** The mount becomes unbindable: it is private, and cannot be the source of a bind mount. */
  MS_UNBINDABLE: 131072,
  /** The mount becomes private: no mount or unmount event propagates to or from it. */
  MS_PRIVATE: 262144,
  /** The mount becomes a slave: it receives events from its former peer group, and sends none back. */
  MS_SLAVE: 524288,
  /** The mount becomes shared: mount and unmount events propagate to and from its peer group. */
  MS_SHARED: 1048576,
  /** The kernel updates an access time that is older than the last change of the file or than one day: the default. */
  MS_RELATIME: 2097152,
  /** The kernel uses this flag internally. */
  MS_KERNMOUNT: 4194304,
  /** The kernel increments the version of an inode with every change. */
  MS_I_VERSION: 8388608,
  /** The kernel always updates access times. */
  MS_STRICTATIME: 16777216,
  /** The kernel delays writing timestamps to the device until another change of the inode, fsync(2), or 24 hours. */
  MS_LAZYTIME: 33554432,

  /**
   * The kernel aborts pending requests before the unmount, so data may be lost. Only NFS, FUSE and a few other
   * filesystems support the flag.
   */
  MNT_FORCE: 1,
  /** The unmount is lazy: the kernel detaches the mount at once, and releases the filesystem after its last user. */
  MNT_DETACH: 2,
  /**
   * The first call marks the mount as expired, and a second call unmounts the mount if no process used it in between.
   */
  MNT_EXPIRE: 4,
  /** The kernel does not follow a target that is a symbolic link. */
  UMOUNT_NOFOLLOW: 8,

  /** The mount is read-only. */
  MOUNT_ATTR_RDONLY: 0x1,
  /** The kernel ignores set-user-ID and set-group-ID bits and file capabilities on the mount. */
  MOUNT_ATTR_NOSUID: 0x2,
  /** Device files on the mount cannot be opened. */
  MOUNT_ATTR_NODEV: 0x4,
  /** Programs on the mount cannot be executed. */
  MOUNT_ATTR_NOEXEC: 0x8,
  /** The bits of the field that holds the access time setting; a change of the setting must clear the whole field. */
  MOUNT_ATTR__ATIME: 0x70,
  /** The kernel updates an access time that is older than the last change of the file or than one day. */
  MOUNT_ATTR_RELATIME: 0x0,
  /** The kernel does not update access times. */
  MOUNT_ATTR_NOATIME: 0x10,
  /** The kernel always updates access times. */
  MOUNT_ATTR_STRICTATIME: 0x20,
  /** The kernel does not update the access times of directories. */
  MOUNT_ATTR_NODIRATIME: 0x80,
  /** The mount is idmapped, since Linux 5.12: a user namespace maps the owners of its files. */
  MOUNT_ATTR_IDMAP: 0x100000,
  /** The kernel refuses to follow symbolic links on the mount, since Linux 5.14. */
  MOUNT_ATTR_NOSYMFOLLOW: 0x200000,
} as const;
Object.freeze(constants);

const MOUNT_FLAGS = Object.entries(constants).filter(([name]) => name.startsWith('MS_'));
const ATTRIBUTE_FLAGS = Object.entries(constants).filter(([name]) => name.startsWith('MOUNT_ATTR_'));
const UMOUNT_FLAGS = Object.entries(constants).filter(([name]) => /^(MNT|UMOUNT)_/.test(name));

function flagNames(table: readonly (readonly [string, number])[], flags: number): string {
  const names: string[] = [];
  let rest = flags;
  for (const [name, bit] of table) {
    // A constant without bits is never named. If constants share bits, the first one in the table takes them:
    // MOUNT_ATTR__ATIME before MOUNT_ATTR_NOATIME.
    if (bit === 0 || (rest & bit) !== bit) continue;
    names.push(name);
    rest -= bit;
  }
  if (rest !== 0 || names.length === 0) names.push(rest === 0 ? '0' : `0x${rest.toString(16)}`);
  return names.join('|');
}

/** Names the flags of mount(2) in a number: `'MS_RDONLY|MS_BIND'`. */
export function mountFlagNames(flags: number): string {
  return flagNames(MOUNT_FLAGS, flags);
}

/** Names the flags of umount2(2) in a number: `'MNT_DETACH|UMOUNT_NOFOLLOW'`. */
export function umountFlagNames(flags: number): string {
  return flagNames(UMOUNT_FLAGS, flags);
}

/** Names the attributes of mount_setattr(2) in a number: `'MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOATIME'`. */
export function attributeFlagNames(flags: number): string {
  return flagNames(ATTRIBUTE_FLAGS, flags);
}
