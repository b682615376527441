// Rules for the causes that mounts, overlays and unmounts share: unreachable paths, missing privilege, limits.
import { NO_PROC } from '../kernel/call-reasons.js';
import { printable } from '../kernel/errors.js';
import type { Circumstances } from './circumstances.js';
import { type ExaminedPath, unreachable } from './examined-path.js';
import type { Case, Rule } from './find-reason.js';

/** The facts that are known about every failed mount or unmount. */
export interface CommonCase extends Case {
  readonly circumstances: Circumstances;
  readonly fsType: string | null;
  readonly inUserNamespace: boolean;
  /** Every path that must exist for the call to succeed. */
  readonly paths: readonly ExaminedPath[];
}

const CODES_OF_PATHS = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG', 'ENOTCONN', 'EIO', 'ESTALE', 'EPERM'];

/** The rule that applies when the lookup of a path fails with the same error as the call. */
const unreachablePath: Rule<CommonCase> = {
  codes: CODES_OF_PATHS,
  find: ({ failure, paths }) => {
    const wrong = paths.filter(({ facts }) => facts.error === failure.error);
    return wrong.length === 0
      ? undefined
      : unreachable(
          wrong.map(({ name }) => name),
          failure.error,
        );
  },
};

const absentProc: Rule<CommonCase> = {
  codes: ['ENOENT'],
  find: ({ circumstances: { mounts, isAdmin } }) => (mounts === null && isAdmin === null ? NO_PROC : undefined),
};

const noPrivilege: Rule<CommonCase> = {
  codes: ['EPERM', 'ENOTSUP'],
  find: ({ circumstances: { isAdmin } }) => {
    if (isAdmin === null) return undefined;
    return isAdmin
      ? undefined
      : 'this process lacks CAP_SYS_ADMIN: run it as root, or in a user namespace and a mount namespace of its own (unshare --user --map-root-user --mount)';
  },
};

const absentFilesystem: Rule<CommonCase> = {
  codes: ['ENODEV', 'ENOTSUP'],
  find: ({ fsType, circumstances: { filesystems } }) => {
    if (fsType === null || filesystems === null) return undefined;
    // The kernel looks up only the part of a type before the dot: fuse.sshfs is of type fuse (fs/filesystems.c,
    // get_fs_type).
    if (filesystems.has(fsType.split('.', 1).join())) return undefined;
    return `the filesystem ${printable(fsType)} is not in this kernel (/proc/filesystems): correct the name, load its module (modprobe), or use a kernel that has this filesystem`;
  },
};

const tooManyMounts: Rule<CommonCase> = {
  codes: ['ENOSPC'],
  find: ({ circumstances: { mounts, mountMax } }) => {
    if (mounts === null || mountMax === null) return undefined;
    return mounts.length < mountMax
      ? undefined
      : `the number of mounts in this mount namespace (${mounts.length}) has reached /proc/sys/fs/mount-max (${mountMax}): unmount some of them, or raise mount-max`;
  },
};

/** The rules to try first, because their causes make every mount fail. */
export const COMMON_RULES: readonly Rule<CommonCase>[] = [
  unreachablePath,
  absentProc,
  noPrivilege,
  absentFilesystem,
  tooManyMounts,
];

/** The rule to try last: this process has CAP_SYS_ADMIN, and the kernel still refuses the call with EPERM. */
export const notPermitted: Rule<CommonCase> = {
  codes: ['EPERM'],
  find: ({ inUserNamespace, fsType, circumstances: { isFiltered, isAdmin } }) => {
    if (isAdmin !== true) return undefined;
    if (inUserNamespace) {
      const filesystem = fsType === null ? 'this filesystem' : printable(fsType);
      return (
        `this process has CAP_SYS_ADMIN only in its user namespace: create a mount namespace (unshare --mount) if the mount namespace belongs to another user namespace; ` +
        `otherwise mount as root outside the user namespace, because the kernel does not allow ${filesystem} in user namespaces (overlay needs Linux 5.11, proc and sysfs need an existing, fully visible mount of the same type)`
      );
    }
    if (isFiltered === true) {
      return 'this process has CAP_SYS_ADMIN, so a seccomp filter, a security module or the source itself denies the call: check the seccomp profile of the container';
    }
    return undefined;
  },
};
