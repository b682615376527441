import { NO_PROC } from '../kernel/call-reasons.js';
import { printable } from '../kernel/errors.js';
import type { Circumstances, Looked } from './facts.js';
import { unreachable } from './facts.js';
import type { Case, Rule } from './rule.js';

/** What is known of any mount. */
export interface CommonCase extends Case {
  readonly circumstances: Circumstances;
  readonly fsType: string | null;
  readonly inUserNamespace: boolean;
  /** Every path that must lead somewhere. */
  readonly paths: readonly Looked[];
}

const WHERE_PATHS_FAIL = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG', 'ENOTCONN', 'EIO', 'ESTALE', 'EPERM'];

/** A path that leads nowhere, with the very error of the mount. */
export const unreachablePath: Rule<CommonCase> = {
  codes: WHERE_PATHS_FAIL,
  what: 'a directory, target or source that leads nowhere',
  find: ({ failure, paths }) => {
    const wrong = paths.filter(({ facts }) => facts.error === failure.error);
    return wrong.length === 0
      ? null
      : unreachable(
          wrong.map(({ name }) => name),
          failure.error,
        );
  },
};

const absentProc: Rule<CommonCase> = {
  codes: ['ENOENT'],
  what: 'a /proc without this process',
  find: ({ circumstances: { mounts, isAdmin } }) => (mounts === null && isAdmin === null ? NO_PROC : null),
};

const noPrivilege: Rule<CommonCase> = {
  codes: ['EPERM', 'ENOTSUP'],
  what: 'a lack of CAP_SYS_ADMIN',
  find: ({ circumstances: { isAdmin } }) => {
    if (isAdmin === null) return undefined;
    return isAdmin
      ? null
      : 'this process lacks CAP_SYS_ADMIN: run it as root, or in a user namespace and a mount namespace of its own (unshare --user --map-root-user --mount)';
  },
};

const absentFilesystem: Rule<CommonCase> = {
  codes: ['ENODEV', 'ENOTSUP'],
  what: 'a filesystem that this kernel does not have',
  find: ({ fsType, circumstances: { filesystems } }) => {
    if (fsType === null || filesystems === null) return undefined;
    // A subtype is the filesystem's own business: fuse.sshfs.
    if (filesystems.has(fsType.split('.', 1).join())) return null;
    const quoted = printable(fsType);
    return `the filesystem ${quoted} is not in this kernel (/proc/filesystems): correct the name, load its module (modprobe), or use a kernel that has it`;
  },
};

const tooManyMounts: Rule<CommonCase> = {
  codes: ['ENOSPC'],
  what: 'the limit of mounts (/proc/sys/fs/mount-max)',
  find: ({ circumstances: { mounts, mountMax } }) => {
    if (mounts === null || mountMax === null) return undefined;
    return mounts.length < mountMax
      ? null
      : `there are ${mounts.length} mounts and /proc/sys/fs/mount-max allows ${mountMax}: unmount some, or raise it`;
  },
};

/** Before all others: what makes any mount fail. */
export const COMMON_RULES: readonly Rule<CommonCase>[] = [
  unreachablePath,
  absentProc,
  noPrivilege,
  absentFilesystem,
  tooManyMounts,
];

/** After all others: CAP_SYS_ADMIN is there, and still it is not permitted. */
export const notPermitted: Rule<CommonCase> = {
  codes: ['EPERM'],
  what: 'a user namespace',
  find: ({ inUserNamespace, fsType, circumstances: { isFiltered, isAdmin } }) => {
    if (isAdmin !== true) return undefined;
    if (inUserNamespace) {
      const type = fsType === null ? 'this' : printable(fsType);
      return (
        `CAP_SYS_ADMIN is there, but in a user namespace: the mount namespace may belong to another one (make one with unshare --mount), ` +
        `or the kernel does not let ${type} be mounted in user namespaces (overlay from Linux 5.11 on; proc and sysfs only where the whole of them is seen)`
      );
    }
    if (isFiltered === true) {
      return 'CAP_SYS_ADMIN is there, but a seccomp filter is on this process, which may deny the call, as may a security module or the source itself: look at the filter of the container';
    }
    return null;
  },
};
