import { constants as os } from 'node:os';
import { printable } from './errors.js';
import type { Failure } from './native.js';
import type { Circumstances, Looked } from './reason-facts.js';
import { unreachable } from './reason-facts.js';
import type { Case, Rule } from './reason-rules.js';

/** What is known of any mount. */
export interface CommonCase extends Case {
  readonly circumstances: Circumstances;
  readonly fsType: string | null;
  readonly inUserNamespace: boolean;
  /** Every path that must lead somewhere. */
  readonly paths: readonly Looked[];
}

/** The causes that can be told from the failed step alone, for every kind of mount. */
export function reasonOfStep({ error, syscall, step }: Failure): string | undefined {
  if (syscall === 'pthread_create') {
    return 'the system gives this process no further thread: raise RLIMIT_NPROC or pids.max of its cgroup, or mount less at once';
  }
  if (syscall === 'unshare' && step === 'working directory') {
    if (error !== os.errno.EPERM)
      return 'the machine has too little memory just now for a thread with a working directory of its own: try again';
    return 'no thread may have a working directory of its own here: unshare(CLONE_FS) is denied, as a seccomp filter may do';
  }
  const since = SINCE[syscall];
  return error === os.errno.ENOSYS && since !== undefined
    ? `${syscall}(2) is missing here, which this cannot be done without: use Linux ${since} or later, or allow it in the seccomp filter of the sandbox`
    : undefined;
}

/** Since which version of Linux there are the calls that may be missing. */
const SINCE: Readonly<Record<string, string>> = {
  open_tree: '5.2',
  move_mount: '5.2',
  fsopen: '5.2',
  fsconfig: '5.2',
  fsmount: '5.2',
  fspick: '5.2',
  mount_setattr: '5.12',
};

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

const NO_PROC =
  'this process is not in /proc, and this goes by way of it: /proc is not mounted, as in some chroots (mount -t proc proc /proc), or is that of another PID namespace (nsenter without --pid)';

/** Why the calling thread's own files of /proc cannot be opened. */
export function reasonOfProc(error: number): string | undefined {
  return error === os.errno.ENOENT ? NO_PROC : undefined;
}

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
