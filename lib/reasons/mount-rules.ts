// Rules for the causes of a failed mount(2), bind, move or remount, besides unreachable paths and missing privilege.
import { constants as os } from 'node:os';
import { lockedWordsCleared } from '../arguments/attributes.js';
import { PROPAGATION_FLAGS } from '../arguments/propagation.js';
import { constants } from '../kernel/constants.js';
import type { CommonCase } from './common-rules.js';
import { type ExaminedPath, isBlockDevice, isDirectory, kindOf } from './examined-path.js';
import type { Rule } from './find-reason.js';
import { isWithin, type MountLine, mountInWords, mountOf, quotedPath } from './mount-lines.js';

const { MS_BIND, MS_MOVE, MS_NOSYMFOLLOW, MS_RDONLY, MS_REC, MS_REMOUNT } = constants;

/** The facts that are known about a failed mount(2), or about an operation that does the same. */
export interface MountCase extends CommonCase {
  readonly target: ExaminedPath;
  /** The examined source, if the kernel takes the source as a path. */
  readonly source: ExaminedPath | null;
  readonly flags: number;
  /** Whether the call has option data. The record does not hold the data, because option data may hold secrets. */
  readonly hasData: boolean;
}
export type MountRule = Rule<MountCase>;

/** The rules in the order in which they are tried: rules for certain causes precede rules for likely causes. */
export const MOUNT_RULES: readonly MountRule[] = [
  { codes: ['ENOTDIR', 'EINVAL'], find: kindsDiffer },
  { codes: ['ENOTBLK'], find: noBlockDevice },
  { codes: ['EINVAL'], find: noMountPoint },
  { codes: ['EINVAL'], find: noType },
  { codes: ['EINVAL'], find: noSymFollowOfFsmount },
  { codes: ['EINVAL'], find: unbindable },
  { codes: ['EINVAL'], find: unbindableIntoShared },
  { codes: ['EINVAL'], find: lockedBelow },
  { codes: ['EINVAL'], find: noSource },
  { codes: ['ELOOP'], find: intoItself },
  { codes: ['EBUSY'], find: mountedAlready },
  { codes: ['EBUSY'], find: openForWriting },
  { codes: ['EPERM'], find: lockedAttributes },
  { codes: ['EACCES', 'EROFS'], find: readonlyDevice },
  { codes: ['EINVAL', 'EUCLEAN', 'EIO', 'ENXIO', 'ENOMEDIUM'], find: wrongDevice },
  {
    codes: ['EINVAL', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EBUSY', 'ENAMETOOLONG', 'EACCES', 'ESTALE'],
    find: overlayData,
  },
  { codes: ['EINVAL'], find: refusedData },
];

function kindsDiffer({ failure, source, target, flags, fsType }: MountCase): string | undefined {
  if (target.facts.error !== 0) return undefined;
  if (fsType !== null && !isDirectory(target.facts)) {
    return `${target.name} is ${kindOf(target.facts)}, and a filesystem needs a directory as its target: give a directory`;
  }
  if (source === null && failure.syscall === 'move_mount' && failure.error === os.errno.ENOTDIR) {
    const root = isDirectory(target.facts) ? 'not a directory' : 'a directory';
    return `${target.name} is ${kindOf(target.facts)}, and the root of the mount is ${root}: attach a directory to a directory, and a file to a file`;
  }
  if (source === null || (flags & (MS_BIND | MS_MOVE)) === 0) return undefined;
  if (source.facts.error !== 0) return undefined;
  if (isDirectory(source.facts) === isDirectory(target.facts)) return undefined;
  return `${source.name} is ${kindOf(source.facts)} and ${target.name} is ${kindOf(target.facts)}: mount a directory on a directory, and a file on a file`;
}

function noBlockDevice({ source, fsType }: MountCase): string | undefined {
  if (source === null || source.facts.error !== 0) return undefined;
  if (isBlockDevice(source.facts)) return undefined;
  return `${source.name} is ${kindOf(source.facts)}, and '${fsType}' needs a block device as its source: give a block device, or for an image file the loop device of losetup(8)`;
}

function noMountPoint({ target, source, flags, circumstances: { mounts } }: MountCase): string | undefined {
  const isMove = (flags & (MS_MOVE | MS_BIND | MS_REMOUNT)) === MS_MOVE;
  if (!isMove && (flags & (MS_REMOUNT | PROPAGATION_FLAGS)) === 0) return undefined;
  const path = isMove ? source : target;
  if (mounts === null || path === null || path.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, path.facts);
  if (mount === undefined)
    return `${path.name} is on no mount of this mount namespace: give a path on one of its mounts`;
  if (mount.mountPoint === path.facts.path.toString('latin1')) return isMove ? sharedParent(mounts, mount) : undefined;
  const change = isMove ? 'moved' : 'changed';
  return `${path.name} is not a mount point but a path on ${mountInWords(mount)}, and only a mount can be ${change}: give a mount point`;
}

function sharedParent(mounts: readonly MountLine[], { parentId, mountPoint }: MountLine): string | undefined {
  const parent = mounts.find(({ id }) => id === parentId);
  return parent?.isShared
    ? `the mount at ${quotedPath(mountPoint)} is on ${mountInWords(parent)}, which is shared, and the kernel moves no mount from a shared parent: make the parent private first`
    : undefined;
}

function noType({ fsType, flags }: MountCase): string | undefined {
  const isOther = (flags & (MS_BIND | MS_MOVE | MS_REMOUNT | PROPAGATION_FLAGS)) !== 0;
  return isOther || fsType !== null ? undefined : 'no filesystem type is given: give a type of /proc/filesystems';
}

// mount(2) supports MS_NOSYMFOLLOW since Linux 5.10, and fsmount(2) supports MOUNT_ATTR_NOSYMFOLLOW since Linux 5.14.
function noSymFollowOfFsmount({ failure, flags }: MountCase): string | undefined {
  return failure.syscall === 'fsmount' && (flags & MS_NOSYMFOLLOW) !== 0
    ? "fsmount(2) of this kernel does not support noSymFollow (supported since Linux 5.14): leave out noSymFollow, or leave out what mount(2) cannot do (strategy 'fsconfig', idmap, values with commas)"
    : undefined;
}

function unbindable({ source, flags, circumstances: { mounts } }: MountCase): string | undefined {
  if ((flags & MS_BIND) === 0 || source === null) return undefined;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, source.facts);
  if (!mount?.isUnbindable) return undefined;
  return `${source.name} is on ${mountInWords(mount)}, whose propagation is unbindable: make that mount private, or bind a path on another mount`;
}

// The kernel would have to copy the unbindable mount to the peers of the target: fs/namespace.c,
// tree_contains_unbindable.
function unbindableIntoShared({ source, target, flags, circumstances: { mounts } }: MountCase): string | undefined {
  if ((flags & MS_MOVE) === 0 || source === null) return undefined;
  if (mounts === null || source.facts.error !== 0 || target.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const moved = mountOf(mounts, source.facts);
  const hasUnbindable = mounts.some((mount) => mount.isUnbindable && isWithin(mount.mountPoint, path));
  const parent = mountOf(mounts, target.facts);
  if (!hasUnbindable || moved === undefined || !parent?.isShared) return undefined;
  return `${mountInWords(moved)} or a mount below it is unbindable, and ${mountInWords(parent)} is shared: make the unbindable or the shared mount private`;
}

// A bind without MS_REC would reveal the files below locked mounts: fs/namespace.c, has_locked_children.
function lockedBelow({ source, flags, inUserNamespace, circumstances: { mounts } }: MountCase): string | undefined {
  if (!inUserNamespace || source === null || (flags & (MS_BIND | MS_REC)) !== MS_BIND) return undefined;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const below = mounts.find(({ mountPoint }) => mountPoint !== path && isWithin(mountPoint, path));
  if (below === undefined) return undefined;
  return `${source.name} has a mount below it (${mountInWords(below)}) that this user namespace may not leave out: bind recursively (option recursive, or MS_REC)`;
}

function noSource({ failure, source, fsType, flags, circumstances: { devices } }: MountCase): string | undefined {
  if (source !== null || failure.syscall === 'move_mount') return undefined;
  if ((flags & (MS_BIND | MS_MOVE)) !== 0) return 'no source is given: give the path of the source';
  if (fsType === null || devices === null || !devices.has(fsType)) return undefined;
  return `no source is given, and '${fsType}' needs a block device as its source: give a block device`;
}

function intoItself({ source, target, flags }: MountCase): string | undefined {
  if ((flags & MS_MOVE) === 0 || source === null) return undefined;
  if (source.facts.error !== 0 || target.facts.error !== 0) return undefined;
  if (!isWithin(target.facts.path.toString('latin1'), source.facts.path.toString('latin1'))) return undefined;
  return `${target.name} is inside ${source.name}, and a mount cannot be moved into itself: give a target outside the source`;
}

function mountedAlready({ source, target, fsType, circumstances: { mounts } }: MountCase): string | undefined {
  if (fsType === null || source === null) return undefined;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const same = mounts.filter((mount) => mount.source === path && mount.fsType !== 'devtmpfs');
  if (same.some(({ mountPoint }) => mountPoint === target.facts.path.toString('latin1'))) {
    return `${source.name} is already mounted at ${target.name}: unmount it first, or use the existing mount`;
  }
  const [other] = same;
  if (other === undefined) return undefined;
  return `${source.name} is in use by ${mountInWords(other)}, perhaps with other attributes such as readonly: mount it with the same attributes, bind that mount, or unmount it first`;
}

function openForWriting({ flags }: MountCase): string | undefined {
  if ((flags & (MS_REMOUNT | MS_RDONLY)) !== (MS_REMOUNT | MS_RDONLY)) return undefined;
  return (flags & MS_BIND) !== 0
    ? 'the mount cannot become read-only while a process has a file open for writing through it: close the file; holders() may name the process'
    : 'the filesystem cannot become read-only while a process has a file on it open for writing: close that file, or make only this mount read-only (MS_BIND | MS_REMOUNT | MS_RDONLY)';
}

function lockedAttributes({
  failure,
  target,
  source,
  flags,
  inUserNamespace,
  circumstances: { mounts },
}: MountCase): string | undefined {
  const isBind = failure.step === 'set attributes' && source !== null;
  if (!isBind && ((flags & MS_REMOUNT) === 0 || changesFilesystem(failure))) return undefined;
  if (!inUserNamespace) return undefined;
  const { facts } = isBind ? source : target;
  if (mounts === null || facts.error !== 0) return undefined;
  const path = facts.path.toString('latin1');
  const changed = [mountOf(mounts, facts), ...mounts.filter(({ mountPoint }) => isWithin(mountPoint, path))];
  const words = ((flags & MS_REC) === 0 ? changed.slice(0, 1) : changed).flatMap((mount) => mount?.options ?? []);
  const cleared = lockedWordsCleared(words, flags);
  if (cleared.length === 0) return undefined;
  return `the call clears ${cleared.join(', ')} of the mount, which this user namespace may not clear: set these attributes in the call too`;
}

// A reconfiguration of the filesystem leaves the attributes of its mounts as they are.
function changesFilesystem({ syscall, step }: MountCase['failure']): boolean {
  return syscall === 'fspick' || syscall === 'fsconfig' || step === 'reconfigure';
}

function readonlyDevice({ source, flags, circumstances: { mounts } }: MountCase): string | undefined {
  if (source === null || !isBlockDevice(source.facts)) return undefined;
  const mount = mounts === null ? undefined : mountOf(mounts, source.facts);
  if (mount?.options.includes('nodev')) {
    return `${source.name} is on ${mountInWords(mount)} with nodev, where no device can be opened: give a path of the device on another mount`;
  }
  if ((flags & MS_RDONLY) !== 0) return undefined;
  return `${source.name} cannot be opened for writing, because the device is read-only or a device controller denies the access: mount it read-only, or make the device writable`;
}

function wrongDevice({ source, fsType, hasData }: MountCase): string | undefined {
  if (source === null || fsType === null || !isBlockDevice(source.facts)) return undefined;
  const check = hasData ? 'check the device (blkid, fsck) and the option data' : 'check the device (blkid, fsck)';
  return `the filesystem '${fsType}' cannot be read from ${source.name}, which may be empty, damaged or of another type: ${check}, and read the kernel log (dmesg)`;
}

function overlayData({ fsType, hasData }: MountCase): string | undefined {
  return fsType === 'overlay' && hasData
    ? 'overlayfs refuses a layer or an option in the option data, which this library does not parse: call mountOverlay with the same layers for the exact reason'
    : undefined;
}

function refusedData({ fsType, flags, hasData, failure }: MountCase): string | undefined {
  if ((fsType === null && (flags & MS_REMOUNT) === 0) || !hasData) return undefined;
  if (failure.log !== null) return undefined;
  const filesystem = fsType === null ? 'the filesystem' : `the filesystem '${fsType}'`;
  return `${filesystem} probably refuses its option data: check the options in its documentation, and read the kernel log (dmesg)`;
}
