// Names filesystems by their magic number, and tells which of them overlayfs refuses as a layer.

// The f_type of statfs(2): linux/magic.h.
const NAMES: ReadonlyMap<bigint, string> = new Map([
  [0x6969n, 'NFS'],
  [0x794c7630n, 'overlay'],
  [0x4d44n, 'FAT'],
  [0x2011bab0n, 'exFAT'],
  [0x5346544en, 'NTFS'],
  [0x7366746en, 'NTFS'],
  [0x9fa0n, 'proc'],
  [0x62656572n, 'sysfs'],
  [0x27e0ebn, 'cgroup'],
  [0x63677270n, 'cgroup2'],
  [0x64626720n, 'debugfs'],
  [0x1cd1n, 'devpts'],
  [0x187n, 'autofs'],
  [0x73717368n, 'squashfs'],
  [0xe0f5e1e2n, 'erofs'],
  [0x9660n, 'ISO 9660'],
  [0x28cd3d45n, 'cramfs'],
  [0xff534d42n, 'CIFS'],
  [0xfe534d42n, 'SMB'],
  [0x517bn, 'SMB'],
  [0x65735546n, 'FUSE'],
  [0x1021997n, '9p'],
  [0xc36400n, 'Ceph'],
  [0x858458f6n, 'ramfs'],
  [0x1021994n, 'tmpfs'],
  [0xef53n, 'ext4'],
  [0x58465342n, 'XFS'],
  [0x9123683en, 'btrfs'],
  [0xf15fn, 'eCryptfs'],
  [0x958458f6n, 'hugetlbfs'],
  [0xcafe4a11n, 'bpf'],
]);

// Filesystems that overlayfs never takes for the upper directory, or that cannot hold a work directory.
const NEVER_UPPER: ReadonlySet<string> = new Set([
  ...['NFS', 'overlay', 'FAT', 'exFAT', 'proc', 'sysfs', 'cgroup', 'cgroup2', 'debugfs', 'devpts', 'autofs'],
  ...['hugetlbfs', 'bpf', 'squashfs', 'erofs', 'ISO 9660', 'cramfs'],
]);

// Filesystems whose names are case-insensitive, or whose directories appear on access (autofs). Overlayfs refuses such
// layers.
const NEVER_LOWER: ReadonlySet<string> = new Set(['FAT', 'exFAT', 'autofs']);

/**
 * Returns the name of the filesystem with this magic number, or the number if this file has no name for the filesystem.
 */
export function filesystemName(type: bigint): string {
  return NAMES.get(type) ?? `of type 0x${type.toString(16)}`;
}

/** Returns whether no directory of the filesystem can be an upper directory. */
export function canNeverBeUpper(type: bigint): boolean {
  return NEVER_UPPER.has(filesystemName(type));
}

/** Returns whether no directory of the filesystem can be a lower layer. */
export function canNeverBeLower(type: bigint): boolean {
  return NEVER_LOWER.has(filesystemName(type));
}
