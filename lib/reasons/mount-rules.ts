import { constants as os } from 'node:os';
import { constants } from '../kernel/constants.js';
import type { CommonCase } from './common.js';
import { isBlockDevice, isDirectory, kindOf, type Looked, mountInWords, shown } from './facts.js';
import { isWithin, type MountLine, mountOf } from './mounts.js';
import type { Rule } from './rule.js';

const { MS_BIND, MS_MOVE, MS_NOSYMFOLLOW, MS_RDONLY, MS_REC, MS_REMOUNT } = constants;
const { MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE } = constants;
const PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

/** What may be wrong with a mount besides paths that lead nowhere and a lack of privilege. */
export const MOUNT_RULES: readonly MountRule[] = [
  { codes: ['ENOTDIR', 'EINVAL'], what: 'a file over a directory or the other way round', find: kindsDiffer },
  { codes: ['ENOTBLK'], what: 'a source that is no block device', find: noBlockDevice },
  { codes: ['EINVAL'], what: 'a target that is not a mount point', find: noMountPoint },
  { codes: ['EINVAL'], what: 'a missing type', find: noType },
  {
    codes: ['EINVAL'],
    what: 'an attribute that fsmount(2) does not know',
    // mount(2) has it since 5.10.
    find: ({ failure, flags }) =>
      failure.syscall === 'fsmount' && (flags & MS_NOSYMFOLLOW) !== 0
        ? "this kernel's fsmount(2) does not take noSymFollow (Linux 5.14), and its mount(2) may: leave out noSymFollow, or what cannot be said in an option string (strategy 'fsconfig', idmap, values with commas)"
        : null,
  },
  { codes: ['EINVAL'], what: 'an unbindable source', find: unbindable },
  { codes: ['EINVAL'], what: 'a move of something unbindable into what is shared', find: unbindableIntoShared },
  { codes: ['EINVAL'], what: 'mounts below that are locked', find: lockedBelow },
  { codes: ['EINVAL'], what: 'a missing source', find: noSource },
  { codes: ['ELOOP'], what: 'a move of a mount into itself', find: intoItself },
  { codes: ['EBUSY'], what: 'a filesystem that is mounted already', find: mountedAlready },
  {
    codes: ['EBUSY'],
    what: 'files that are open for writing',
    find: ({ flags }) =>
      (flags & (MS_REMOUNT | MS_RDONLY)) !== (MS_REMOUNT | MS_RDONLY)
        ? null
        : (flags & MS_BIND) !== 0
          ? 'the mount cannot become read-only while files are open for writing through it: end what has them open (holders() tells)'
          : 'the filesystem cannot become read-only while it is written to: end what has files open for writing, or make only this mount read-only (MS_BIND | MS_REMOUNT | MS_RDONLY)',
  },
  { codes: ['EPERM'], what: 'attributes that are locked', find: lockedAttributes },
  { codes: ['EACCES', 'EROFS'], what: 'a device that is read-only', find: readonlyDevice },
  {
    codes: ['EINVAL', 'EUCLEAN', 'EIO', 'ENXIO', 'ENOMEDIUM'],
    what: 'a device without that filesystem',
    find: wrongDevice,
  },
  {
    codes: ['EINVAL', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EBUSY', 'ENAMETOOLONG', 'EACCES', 'ESTALE'],
    what: 'the layers of an overlay',
    find: ({ fsType, hasData }) =>
      fsType === 'overlay' && hasData
        ? 'overlayfs does not take the layers or the options in its option data, which are not looked at here; the target is right: mountOverlay with the same layers tells which'
        : null,
  },
  {
    codes: ['EINVAL'],
    what: 'option data',
    find: ({ fsType, flags, hasData, failure }) =>
      (fsType === null && (flags & MS_REMOUNT) === 0) || !hasData
        ? null
        : failure.log !== null
          ? undefined
          : `the filesystem${fsType === null ? '' : ` '${fsType}'`} does not take its option data, as far as can be told: nothing else was found wrong. See its documentation for the options, and the log of the kernel (dmesg) for what it says`,
  },
];

function kindsDiffer({ failure, source, target, flags, fsType }: MountCase) {
  if (target.facts.error !== 0) return undefined;
  if (fsType !== null && !isDirectory(target.facts)) {
    return `${target.name} is ${kindOf(target.facts)}, and a filesystem is mounted on a directory: give a directory`;
  }
  if (source === null && failure.syscall === 'move_mount' && failure.error === os.errno.ENOTDIR) {
    const what = isDirectory(target.facts) ? 'no directory' : 'a directory';
    return `${target.name} is ${kindOf(target.facts)} and the root of the mount is ${what}: a directory goes over a directory, anything else over a file`;
  }
  if (source === null || (flags & (MS_BIND | MS_MOVE)) === 0) return null;
  if (source.facts.error !== 0) return undefined;
  if (isDirectory(source.facts) === isDirectory(target.facts)) return null;
  return `${source.name} is ${kindOf(source.facts)} and ${target.name} is ${kindOf(target.facts)}: a directory goes over a directory, anything else over a file`;
}

function noBlockDevice({ source, fsType }: MountCase) {
  if (source === null || source.facts.error !== 0) return undefined;
  if (isBlockDevice(source.facts)) return null;
  return `${source.name} is ${kindOf(source.facts)}, and '${fsType}' is mounted from a block device: give one (of an image file, the loop device that losetup makes)`;
}

function noMountPoint({ target, source, flags, circumstances: { mounts } }: MountCase) {
  const isMove = (flags & (MS_MOVE | MS_BIND | MS_REMOUNT)) === MS_MOVE;
  if (!isMove && (flags & (MS_REMOUNT | PROPAGATION)) === 0) return null;
  const which = isMove ? source : target;
  if (mounts === null || which === null || which.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, which.facts);
  const path = which.facts.path.toString('latin1');
  if (mount === undefined) return `${which.name} is on no mount of this mount namespace: name one that is`;
  if (mount.mountPoint === path) return isMove ? sharedParent(mounts, mount) : null;
  const what = isMove ? 'moved' : 'changed';
  return `${which.name} is not a mount point and only a mount can be ${what} (it is on ${mountInWords(mount)}): name a mount point`;
}

function sharedParent(mounts: readonly MountLine[], { parentId, mountPoint }: MountLine) {
  const parent = mounts.find(({ id }) => id === parentId);
  return parent?.isShared
    ? `the mount at ${shown(mountPoint)} is on ${mountInWords(parent)}, which is shared, and from there none can be moved: make that private first`
    : null;
}

function noType({ fsType, flags }: MountCase) {
  const isOther = (flags & (MS_BIND | MS_MOVE | MS_REMOUNT | PROPAGATION)) !== 0;
  return isOther || fsType !== null ? null : 'no filesystem type is given: name one of /proc/filesystems';
}

function unbindable({ source, flags, circumstances: { mounts } }: MountCase) {
  if ((flags & MS_BIND) === 0 || source === null) return null;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, source.facts);
  if (!mount?.isUnbindable) return null;
  return `${source.name} is on ${mountInWords(mount)}, whose propagation is unbindable: make that private, or bind something else`;
}

// It would have to be copied to the peers: fs/namespace.c, tree_contains_unbindable.
function unbindableIntoShared({ source, target, flags, circumstances: { mounts } }: MountCase) {
  if ((flags & MS_MOVE) === 0 || source === null) return null;
  if (mounts === null || source.facts.error !== 0 || target.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const moved = mountOf(mounts, source.facts);
  const isThere = mounts.some(({ mountPoint, isUnbindable }) => isUnbindable && isWithin(mountPoint, path));
  const onto = mountOf(mounts, target.facts);
  if (!isThere || moved === undefined || !onto?.isShared) return null;
  return `${mountInWords(moved)}, or one below it, is unbindable, and ${mountInWords(onto)} is shared: make the one private, or the other`;
}

// What covers something may not be left out by whoever may not unmount it: fs/namespace.c, has_locked_children.
function lockedBelow({ source, flags, inUserNamespace, circumstances: { mounts } }: MountCase) {
  if (!inUserNamespace || source === null || (flags & (MS_BIND | MS_REC)) !== MS_BIND) return null;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const below = mounts.find(({ mountPoint }) => mountPoint !== path && isWithin(mountPoint, path));
  if (below === undefined) return null;
  return `below ${source.name} something is mounted (${mountInWords(below)}), and in a user namespace what came from outside cannot be left out: bind it with what is below (recursive, MS_REC)`;
}

function noSource({ failure, source, fsType, flags, circumstances: { devices } }: MountCase) {
  if (source !== null || failure.syscall === 'move_mount') return null;
  if ((flags & (MS_BIND | MS_MOVE)) !== 0) return 'no source is given: name what is to be mounted';
  if (fsType === null || devices === null || !devices.has(fsType)) return null;
  return `no source is given, and '${fsType}' is mounted from a block device: name one`;
}

function intoItself({ source, target, flags }: MountCase) {
  if ((flags & MS_MOVE) === 0 || source === null) return null;
  if (source.facts.error !== 0 || target.facts.error !== 0) return undefined;
  if (!isWithin(target.facts.path.toString('latin1'), source.facts.path.toString('latin1'))) return null;
  return `${target.name} is inside ${source.name}, and a mount cannot be moved into itself: name a target outside`;
}

function mountedAlready({ source, target, fsType, circumstances: { mounts } }: MountCase) {
  if (fsType === null || source === null) return null;
  if (mounts === null || source.facts.error !== 0) return undefined;
  const path = source.facts.path.toString('latin1');
  const same = mounts.filter((mount) => mount.source === path && mount.fsType !== 'devtmpfs');
  const here = same.find(({ mountPoint }) => mountPoint === target.facts.path.toString('latin1'));
  if (here !== undefined) return `${source.name} is mounted at ${target.name} already: unmount it first, or do without`;
  const [other] = same;
  if (other === undefined) return null;
  return `${source.name} is in use by ${mountInWords(other)}, maybe with other attributes (read-only or not): mount it alike, bind that mount, or unmount it first`;
}

const LOCKABLE = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime'] as const;
const FLAG_OF = {
  ro: constants.MS_RDONLY,
  nosuid: constants.MS_NOSUID,
  nodev: constants.MS_NODEV,
  noexec: constants.MS_NOEXEC,
  noatime: constants.MS_NOATIME,
  nodiratime: constants.MS_NODIRATIME,
} as const;

function lockedAttributes({ failure, target, source, flags, inUserNamespace, circumstances: { mounts } }: MountCase) {
  const isBind = failure.step === 'set attributes' && source !== null;
  if (!isBind && ((flags & MS_REMOUNT) === 0 || isOfFilesystem(failure))) return null;
  if (!inUserNamespace) return null;
  const { facts } = isBind ? source : target;
  if (mounts === null || facts.error !== 0) return undefined;
  const path = facts.path.toString('latin1');
  const changed = [mountOf(mounts, facts), ...mounts.filter(({ mountPoint }) => isWithin(mountPoint, path))];
  const options = ((flags & MS_REC) === 0 ? changed.slice(0, 1) : changed).flatMap((mount) => mount?.options ?? []);
  const cleared = LOCKABLE.filter((name) => options.includes(name) && (flags & FLAG_OF[name]) === 0);
  if (cleared.length === 0) return null;
  return `this would take ${cleared.join(', ')} from the mount, and in a user namespace what came from outside is locked: give these attributes too`;
}

// A filesystem is changed without touching the attributes of its mounts.
function isOfFilesystem({ syscall, step }: MountCase['failure']): boolean {
  return syscall === 'fspick' || syscall === 'fsconfig' || step === 'reconfigure';
}

function readonlyDevice({ source, flags, circumstances: { mounts } }: MountCase) {
  if (source === null || !isBlockDevice(source.facts)) return null;
  const holder = mounts === null ? undefined : mountOf(mounts, source.facts);
  if (holder?.options.includes('nodev')) {
    return `${source.name} is on ${mountInWords(holder)} with nodev, where no device can be opened: name the device by a path that is on another mount`;
  }
  if ((flags & MS_RDONLY) !== 0) return null;
  return `${source.name} cannot be opened for writing, as it is read-only or a device controller denies it: mount it with MS_RDONLY, or make the device writable`;
}

function wrongDevice({ source, fsType, hasData }: MountCase) {
  if (source === null || fsType === null || !isBlockDevice(source.facts)) return null;
  const data = hasData ? ', or that it does not take the option data' : '';
  return `the filesystem '${fsType}' says no to what is on ${source.name}: it may be that the device is empty or has another filesystem or a damaged one${data}; paths, target and type are right. See what is there (blkid), and the log of the kernel (dmesg)`;
}

/** All that is known of a mount(2) that failed. */
export interface MountCase extends CommonCase {
  readonly target: Looked;
  /** Where the source leads, when it is a path to the kernel. */
  readonly source: Looked | null;
  readonly flags: number;
  /** Whether there is option data. What it says is nobody's business. */
  readonly hasData: boolean;
}
export type MountRule = Rule<MountCase>;
