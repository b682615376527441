// Explains failed system calls without an examination of paths: namespaces, threads, /proc, and missing calls.
import { constants as os } from 'node:os';
import { describeErrno, transientReason } from './errno.js';
import { printable } from './errors.js';
import type { Failure } from './native.js';
import type { NativeNamespace } from './words.js';

const NO_WORKING_DIRECTORY =
  'this process may not give a thread its own working directory (unshare(CLONE_FS)), as under some seccomp filters: allow unshare in the filter of the sandbox';

/** Explains why a thread cannot enter the given mount namespace; undefined for a step that enters no namespace. */
export function namespaceReasonOfStep(
  { step, syscall, error }: Failure,
  namespace: NativeNamespace,
): string | undefined {
  const { name, message } = describeErrno(error);
  switch (step) {
    case 'open namespace':
      return reasonOfOpen(name, message, namespace);
    case 'enter namespace':
      return reasonOfEntering(syscall, name, message, namespace);
    case 'working directory':
      // setns(2) rejects a thread that shares its working directory (EINVAL), so the thread calls unshare(2) first.
      return namespace === null || syscall !== 'unshare' || name !== 'EPERM' ? undefined : NO_WORKING_DIRECTORY;
    default:
      return undefined;
  }
}

function namespaceInWords(namespace: NativeNamespace): string {
  return typeof namespace === 'number' ? `descriptor ${namespace}` : printable(namespace ?? '');
}

/** Explains why a mount namespace or user namespace cannot be opened. */
export function reasonOfOpen(name: string, message: string, namespace: NativeNamespace): string {
  const given = namespaceInWords(namespace);
  const pid = typeof namespace === 'string' ? /^\/proc\/(\d+)\/ns\/\w+$/.exec(namespace)?.[1] : undefined;
  if (name === 'ENOENT' && pid !== undefined) return `process ${pid} does not exist: give the PID of a running process`;
  if (name === 'EBADF')
    return `the namespace, ${given}, is not an open descriptor: keep it open until the call is done`;
  return `the namespace ${given} cannot be opened (${name}: ${message}): give the PID, a descriptor or the file of another namespace`;
}

function reasonOfEntering(syscall: string, name: string, message: string, namespace: NativeNamespace): string {
  const given = namespaceInWords(namespace);
  if (syscall === 'setns' && name === 'EINVAL') {
    return `${given} is not a mount namespace: give the file ns/mnt of a process`;
  }
  if (syscall === 'setns' && name === 'EPERM') {
    return (
      `this process may not enter the mount namespace ${given}: run it with CAP_SYS_ADMIN and CAP_SYS_CHROOT in its own ` +
      'user namespace, and with CAP_SYS_ADMIN in the user namespace that owns the mount namespace'
    );
  }
  return `this process cannot enter the mount namespace ${given} (${name}: ${message}): give another namespace, or allow the call`;
}

/** Explains a failed step whose cause can occur in every operation; undefined for every other step. */
export function reasonOfStep({ error, syscall, step }: Failure): string | undefined {
  if (syscall === 'pthread_create') {
    return 'the system refuses this process another thread: raise RLIMIT_NPROC or pids.max of its cgroup, or start fewer operations at once';
  }
  if (syscall === 'unshare' && step === 'working directory') {
    return transientReason(error) ?? NO_WORKING_DIRECTORY;
  }
  const since = SINCE[syscall];
  return error === os.errno.ENOSYS && since !== undefined
    ? `${syscall}(2) is missing in this kernel or sandbox, and this operation has no substitute: use Linux ${since} or later, or allow the call in the seccomp filter of the sandbox`
    : undefined;
}

// The first Linux version that has each system call.
const SINCE: Readonly<Record<string, string>> = {
  open_tree: '5.2',
  move_mount: '5.2',
  fsopen: '5.2',
  fsconfig: '5.2',
  fsmount: '5.2',
  fspick: '5.2',
  mount_setattr: '5.12',
};

/** The reason why an operation fails when /proc has no directory of this process. */
export const NO_PROC =
  'this process is not in /proc, which the operation needs: mount /proc in the chroot (mount -t proc proc /proc), or enter the PID namespace of that /proc too (nsenter --pid)';

/** Explains why the calling thread cannot open its own files of /proc; undefined for an error other than ENOENT. */
export function reasonOfProc(error: number): string | undefined {
  return error === os.errno.ENOENT ? NO_PROC : undefined;
}
