// Rules for the causes of a failed umount2(2), besides unreachable paths and missing privilege.
import { constants } from '../kernel/constants.js';
import { printable } from '../kernel/errors.js';
import type { CommonCase } from '../reasons/common-rules.js';
import { type ExaminedPath, noMountPoint } from '../reasons/examined-path.js';
import type { Rule } from '../reasons/find-reason.js';
import { mountInWords, mountOf } from '../reasons/mount-lines.js';

const { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW } = constants;
const FLAGS = MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW;

/** The facts that are known about a failed umount2(2). */
export interface UmountCase extends CommonCase {
  /** The target; if the call unmounts several mounts, the mount point of the mount that could not be unmounted. */
  readonly target: ExaminedPath;
  readonly flags: number;
  /** The holders of the mount, in a sentence; null if this process did not search for holders. */
  readonly busy: string | null;
}

type UmountRule = Rule<UmountCase>;

/**
 * The rules in the order in which the kernel checks the causes: fs/namespace.c, ksys_umount, can_umount and do_umount.
 */
export const UMOUNT_RULES: readonly UmountRule[] = [
  { codes: ['EINVAL'], find: badFlags },
  { codes: ['EINVAL'], find: link },
  { codes: ['EINVAL'], find: notMounted },
  { codes: ['EINVAL'], find: rootOfNamespace },
  { codes: ['EINVAL'], find: locked },
  { codes: ['EPERM'], find: foreignForce },
  { codes: ['EBUSY'], find: rootOfProcess },
  { codes: ['EBUSY'], find: ({ busy }) => busy ?? undefined },
];

function badFlags({ flags }: UmountCase) {
  const unknown = (flags & ~FLAGS) >>> 0;
  if (unknown !== 0) {
    return `umount2 has no flags 0x${unknown.toString(16)}: give only MNT_FORCE, MNT_DETACH, MNT_EXPIRE and UMOUNT_NOFOLLOW`;
  }
  if ((flags & MNT_EXPIRE) !== 0 && (flags & (MNT_FORCE | MNT_DETACH)) !== 0) {
    return 'MNT_EXPIRE cannot be combined with MNT_FORCE or MNT_DETACH: leave out one of the flags';
  }
  return undefined;
}

function link({ failure, target, flags }: UmountCase) {
  if ((flags & UMOUNT_NOFOLLOW) === 0 || failure.other === null || failure.step !== 'unmount') return undefined;
  return `${target.name} is a symbolic link to ${printable(failure.other)}, which noFollow (UMOUNT_NOFOLLOW) forbids: give the path of the mount point itself`;
}

function notMounted({ target, circumstances: { mounts } }: UmountCase): string | undefined {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  if (mount === undefined) {
    return `${target.name} is on a mount that is detached or belongs to another mount namespace: unmount it in that mount namespace, or close the detached mount`;
  }
  if (mount.mountPoint === target.facts.path.toString('latin1')) return undefined;
  return noMountPoint(target, mount);
}

function rootOfNamespace({ target, circumstances: { mounts } }: UmountCase) {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  // do_umount rejects the root mount of a mount namespace, which has no parent, and the expiry of the root of the
  // process.
  if (mount?.mountPoint !== '/') return undefined;
  return `${target.name} is the root mount of this process, which cannot be unmounted: change to another root first (pivot_root)`;
}

// When the rules before this one do not apply, a locked mount is the only cause of EINVAL that is left.
function locked({ target, inUserNamespace, circumstances: { mounts } }: UmountCase) {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  if (mount === undefined) return undefined;
  const words = mountInWords(mount);
  return inUserNamespace
    ? `${words} is locked, because it came into this mount namespace from a more privileged user namespace, together with the mounts around it: unmount it in the original mount namespace`
    : `${words} is probably locked, because it came into this mount namespace from a more privileged one, together with the mounts around it: unmount it in the original mount namespace`;
}

function foreignForce({ flags, inUserNamespace, circumstances: { isAdmin } }: UmountCase) {
  if ((flags & MNT_FORCE) === 0) return undefined;
  if (isAdmin === null) return undefined;
  return inUserNamespace
    ? 'the option force needs CAP_SYS_ADMIN in the user namespace in which the filesystem was mounted, and this process is in another user namespace: leave out force'
    : undefined;
}

function rootOfProcess({ target, failure: { step } }: UmountCase) {
  return step !== 'check root'
    ? undefined
    : `${target.name} is the root directory of this process, which umount2 would make read-only instead of unmounting it: call pivot_root(2) first, or remount it read-only with MS_REMOUNT`;
}
