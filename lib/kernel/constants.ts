/**
 * The kernel's numbers by the kernel's names, as `fs.constants` and `os.constants` do it. They are the same on every
 * architecture.
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
  /** Nothing can be written through the mount; on a new mount, to the filesystem. */
  MS_RDONLY: 1,
  /** Set-user-id and set-group-id bits and file capabilities do nothing. */
  MS_NOSUID: 2,
  /** Device files cannot be opened. */
  MS_NODEV: 4,
  /** Nothing can be executed. */
  MS_NOEXEC: 8,
  /** Writes wait for the device. */
  MS_SYNCHRONOUS: 16,
  /** Change the flags and data of an existing mount. */
  MS_REMOUNT: 32,
  /** Allow mandatory locks (without effect since Linux 5.15). */
  MS_MANDLOCK: 64,
  /** Changes of directories wait for the device. */
  MS_DIRSYNC: 128,
  /** Symbolic links are not followed, since Linux 5.10. */
  MS_NOSYMFOLLOW: 256,
  /** Access times are not updated. */
  MS_NOATIME: 1024,
  /** Access times of directories are not updated. */
  MS_NODIRATIME: 2048,
  /** Make a directory or file visible at a second place. */
  MS_BIND: 4096,
  /** Move a mount to another place. */
  MS_MOVE: 8192,
  /** With MS_BIND or a change of propagation: all mounts below as well. */
  MS_REC: 16384,
  /** The kernel does not log some failures. */
  MS_SILENT: 32768,
  /** The filesystem heeds POSIX access control lists. */
  MS_POSIXACL: 65536,
  /** The mount cannot be bound, and takes no part in propagation. */
  MS_UNBINDABLE: 131072,
  /** Mounts below are not propagated. */
  MS_PRIVATE: 262144,
  /** Mounts below arrive from the peer group, and do not go back. */
  MS_SLAVE: 524288,
  /** Mounts below are propagated both ways. */
  MS_SHARED: 1048576,
  /** Access times are updated when they are older than the last change, or than a day: the default. */
  MS_RELATIME: 2097152,
  /** Used inside the kernel. */
  MS_KERNMOUNT: 4194304,
  /** The version of an inode grows with every change. */
  MS_I_VERSION: 8388608,
  /** Access times are always updated. */
  MS_STRICTATIME: 16777216,
  /** Times are written when something else is. */
  MS_LAZYTIME: 33554432,

  /** Take the mount down though requests are under way, data may be lost: NFS, FUSE and few others. */
  MNT_FORCE: 1,
  /** Take the mount away now and clean up when nobody uses it any more. */
  MNT_DETACH: 2,
  /** The first call marks the mount, the second takes it down if nobody has used it since. */
  MNT_EXPIRE: 4,
  /** The target is not followed when it is a symbolic link. */
  UMOUNT_NOFOLLOW: 8,

  /** Nothing can be written through the mount. */
  MOUNT_ATTR_RDONLY: 0x1,
  /** Set-user-id and set-group-id bits and file capabilities do nothing. */
  MOUNT_ATTR_NOSUID: 0x2,
  /** Device files cannot be opened. */
  MOUNT_ATTR_NODEV: 0x4,
  /** Nothing can be executed. */
  MOUNT_ATTR_NOEXEC: 0x8,
  /** The bits that hold one of the three ways of atime; to change it, clear them. */
  MOUNT_ATTR__ATIME: 0x70,
  /** Access times are updated when they are older than the last change, or than a day. */
  MOUNT_ATTR_RELATIME: 0x0,
  /** Access times are not updated. */
  MOUNT_ATTR_NOATIME: 0x10,
  /** Access times are always updated. */
  MOUNT_ATTR_STRICTATIME: 0x20,
  /** Access times of directories are not updated. */
  MOUNT_ATTR_NODIRATIME: 0x80,
  /** Map the ids of the files by a user namespace, since Linux 5.12. */
  MOUNT_ATTR_IDMAP: 0x100000,
  /** Symbolic links are not followed, since Linux 5.14. */
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
    // One of no bits is not seen, and of those that share some the first has them.
    if (bit === 0 || (rest & bit) !== bit) continue;
    names.push(name);
    rest -= bit;
  }
  if (rest !== 0 || names.length === 0) names.push(rest === 0 ? '0' : `0x${rest.toString(16)}`);
  return names.join('|');
}

/** The flags of mount(2) by name: `'MS_RDONLY|MS_BIND'`. */
export function mountFlagNames(flags: number): string {
  return flagNames(MOUNT_FLAGS, flags);
}

/** The flags of umount2(2) by name: `'MNT_DETACH|UMOUNT_NOFOLLOW'`. */
export function umountFlagNames(flags: number): string {
  return flagNames(UMOUNT_FLAGS, flags);
}

/** The attributes of mount_setattr(2) by name: `'MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOATIME'`. */
export function attributeFlagNames(flags: number): string {
  return flagNames(ATTRIBUTE_FLAGS, flags);
}
