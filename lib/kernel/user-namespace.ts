import { readlinkSync } from 'node:fs';

/**
 * Whether this process is in a user namespace other than the first; false where that cannot be told, without /proc. It
 * cannot change: CLONE_NEWUSER needs one thread.
 */
export function inUserNamespace(): boolean {
  userNamespace ??= readUserNamespace();
  return userNamespace;
}
export function readUserNamespace(): boolean {
  try {
    return process.platform === 'linux' && readlinkSync('/proc/self/ns/user') !== FIRST_USER_NAMESPACE;
  } catch {
    return false;
  }
}
// linux/proc_ns.h, PROC_USER_INIT_INO: the inode of the first user namespace is the same on every machine.
export const FIRST_USER_NAMESPACE = 'user:[4026531837]';
export let userNamespace: boolean | undefined;
