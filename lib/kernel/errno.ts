// Names errors of system calls, and says which of them are transient.
import { getSystemErrorMap } from 'node:util';

// Errors of mount calls that libuv has no name for. The numbers are those of asm-generic/errno.h, which is valid on
// every architecture that Node.js supports; the messages are those of strerror(3) in libuv's lower case.
const UNKNOWN_TO_LIBUV: ReadonlyMap<number, readonly [name: string, message: string]> = new Map([
  [15, ['ENOTBLK', 'block device required']],
  [66, ['EREMOTE', 'object is remote']],
  [116, ['ESTALE', 'stale file handle']],
  [117, ['EUCLEAN', 'structure needs cleaning']],
  [122, ['EDQUOT', 'disk quota exceeded']],
  [123, ['ENOMEDIUM', 'no medium found']],
  [124, ['EMEDIUMTYPE', 'wrong medium type']],
  [126, ['ENOKEY', 'required key not available']],
]);

/**
 * Returns the name and the message of a system error, as Node's own errors print them.
 *
 * @param errno the positive number, as `errno` has it in C
 */
export function describeErrno(errno: number): { name: string; message: string } {
  const [name, message] = UNKNOWN_TO_LIBUV.get(errno) ??
    getSystemErrorMap().get(-errno) ?? [`Unknown system error ${errno}`, `unknown system error ${errno}`];
  return { name, message };
}

/** Formats a system error for a sentence: `EINVAL (invalid argument)`. */
export function errnoWords(errno: number): string {
  const { name, message: words } = describeErrno(errno);
  const message = words.replace(' on socket', ''); // libuv describes ENOTSUP only for sockets.
  return `${name} (${message})`;
}

// Errors that depend on the state of the process or of the machine at the moment of the call, and say nothing about the
// examined file or mount. The addon has its own list in src-native/kernel/transient_error.h.
const TRANSIENT: ReadonlyMap<string, string> = new Map([
  ['EMFILE', 'this process has reached its limit of open descriptors: close some, or raise RLIMIT_NOFILE'],
  ['ENFILE', 'the system has reached its limit of open files: close some, or raise /proc/sys/fs/file-max'],
  ['ENOMEM', 'the kernel has too little memory for this call at the moment: free memory, and try again'],
  ['EINTR', 'a signal interrupted this call: try again'],
  // openat2(2) fails with EAGAIN after a concurrent rename inside the root, and pthread_create(3) and clone(2) at the
  // limits RLIMIT_NPROC and pids.max.
  ['EAGAIN', 'the kernel cannot complete this call at the moment: try again'],
]);

/** Whether an error is transient: not caused by the file or mount of the call, so that a later call can succeed. */
export function isTransient(errno: number): boolean {
  return TRANSIENT.has(describeErrno(errno).name);
}

/** Explains a transient error and what to do; undefined for every other error. */
export function transientReason(errno: number): string | undefined {
  return TRANSIENT.get(describeErrno(errno).name);
}
