// Tells whether this process is in the initial user namespace.
import { readlinkSync } from 'node:fs';

// linux/proc_ns.h, PROC_USER_INIT_INO: the inode number of the initial user namespace is the same on every machine.
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';

let remembered: boolean | undefined;

/**
 * Whether this process is in a user namespace other than the initial one; false if /proc cannot tell. The result never
 * changes, because the kernel allows unshare(CLONE_NEWUSER) and setns(2) into a user namespace only for a process with
 * one thread, and Node.js has several.
 */
export function inUserNamespace(): boolean {
  remembered ??= readUserNamespace();
  return remembered;
}

function readUserNamespace(): boolean {
  try {
    return process.platform === 'linux' && readlinkSync('/proc/self/ns/user') !== INITIAL_USER_NAMESPACE;
  } catch {
    return false;
  }
}
