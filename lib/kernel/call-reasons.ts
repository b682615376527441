import { constants as os } from 'node:os';
import { describeErrno } from './errno.js';
import { printable } from './errors.js';
import type { Failure } from './native.js';
import type { NativeNamespace } from './words.js';

/** Why another namespace could not be had, where the failed step tells. */
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
      return namespace === null || syscall !== 'unshare' || name !== 'EPERM'
        ? undefined
        : 'no thread may have a working directory of its own here (unshare(CLONE_FS) is denied, as a seccomp filter may do), and only such a thread may enter a mount namespace';
    default:
      return undefined;
  }
}
export function namespaceInWords(namespace: NativeNamespace): string {
  return typeof namespace === 'number' ? `descriptor ${namespace}` : printable(namespace ?? '');
}

/** Why a namespace of any kind could not be opened. */
export function reasonOfOpen(name: string, message: string, namespace: NativeNamespace): string {
  const what = namespaceInWords(namespace);
  const pid = typeof namespace === 'string' ? /^\/proc\/(\d+)\/ns\/\w+$/.exec(namespace)?.[1] : undefined;
  if (name === 'ENOENT' && pid !== undefined) return `there is no process ${pid} any more: name one that is there`;
  if (name === 'EBADF') return `the namespace, ${what}, is not an open descriptor: keep it open until the call is done`;
  return `the namespace ${what} cannot be opened (${name}: ${message}): name one that can, by a process, a descriptor or a file`;
}
export function reasonOfEntering(syscall: string, name: string, message: string, namespace: NativeNamespace): string {
  const what = namespaceInWords(namespace);
  if (syscall === 'setns' && name === 'EINVAL')
    return `${what} is not a mount namespace: name the file ns/mnt of a process`;
  if (syscall === 'setns' && name === 'EPERM') {
    return (
      `the mount namespace ${what} may not be entered: that takes CAP_SYS_ADMIN and CAP_SYS_CHROOT here, and CAP_SYS_ADMIN ` +
      'in the user namespace that it belongs to'
    );
  }
  return `the mount namespace ${what} could not be entered (${name}: ${message})`;
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
export const SINCE: Readonly<Record<string, string>> = {
  open_tree: '5.2',
  move_mount: '5.2',
  fsopen: '5.2',
  fsconfig: '5.2',
  fsmount: '5.2',
  fspick: '5.2',
  mount_setattr: '5.12',
};
export const NO_PROC =
  'this process is not in /proc, and this goes by way of it: /proc is not mounted, as in some chroots (mount -t proc proc /proc), or is that of another PID namespace (nsenter without --pid)';

/** Why the calling thread's own files of /proc cannot be opened. */
export function reasonOfProc(error: number): string | undefined {
  return error === os.errno.ENOENT ? NO_PROC : undefined;
}
