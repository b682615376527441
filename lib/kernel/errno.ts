import { getSystemErrorMap } from 'node:util';

// What mount calls answer and libuv has no name for. The numbers are those of asm-generic/errno.h, which every
// architecture that Node runs on uses; the words are strerror(3)'s, in libuv's lower case.
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
 * The name of a system error and what it says, as Node's own errors print them.
 *
 * @param errno the positive number, as `errno` has it in C
 */
export function describeErrno(errno: number): { name: string; message: string } {
  const [name, message] = UNKNOWN_TO_LIBUV.get(errno) ??
    getSystemErrorMap().get(-errno) ?? [`Unknown system error ${errno}`, `unknown system error ${errno}`];
  return { name, message };
}

/** `EINVAL (invalid argument)` */
export function errnoWords(errno: number): string {
  const { name, message: words } = describeErrno(errno);
  const message = words.replace(' on socket', ''); // libuv knows ENOTSUP from sockets only
  return `${name} (${message})`;
}
