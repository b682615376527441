import { constants } from '../kernel/constants.js';
import { printable } from '../kernel/errors.js';
import type { CommonCase } from '../reasons/common-rules.js';
import { type ExaminedPath, noMountPoint } from '../reasons/examined-path.js';
import type { Finding, Rule } from '../reasons/find-reason.js';
import { mountInWords, mountOf } from '../reasons/mount-lines.js';

const { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW } = constants;
const FLAGS = MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW;

/** All that is known of an umount2(2) that failed. */
export interface UmountCase extends CommonCase {
  /** The target, or of several mounts the place of the one that failed. */
  readonly target: ExaminedPath;
  readonly flags: number;
  /** Who holds the mount, in a sentence; null where that was not asked. */
  readonly busy: string | null;
}

type UmountRule = Rule<UmountCase>;

/**
 * What may be wrong with an umount besides a path that leads nowhere and a lack of privilege: fs/namespace.c, the
 * conditions of ksys_umount, can_umount and do_umount, one after the other.
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
    return `umount2 has no flags 0x${unknown.toString(16)}: give MNT_FORCE, MNT_DETACH, MNT_EXPIRE and UMOUNT_NOFOLLOW only`;
  }
  if ((flags & MNT_EXPIRE) !== 0 && (flags & (MNT_FORCE | MNT_DETACH)) !== 0) {
    return 'MNT_EXPIRE cannot go with MNT_FORCE or MNT_DETACH: leave one out';
  }
  return null;
}

function link({ failure, target, flags }: UmountCase) {
  if ((flags & UMOUNT_NOFOLLOW) === 0 || failure.other === null || failure.step !== 'unmount') return null;
  return `${target.name} is a symbolic link (to ${printable(failure.other)}), and it is not to be followed: name the mount point itself`;
}

/** A place where nothing is mounted. */
function notMounted({ target, circumstances: { mounts } }: UmountCase): Finding {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  if (mount === undefined) {
    return `${target.name} is on no mount of this mount namespace, but of another one or one that was detached: take it down from there`;
  }
  if (mount.mountPoint === target.facts.path.toString('latin1')) return null;
  return noMountPoint(target, mount);
}

function rootOfNamespace({ target, circumstances: { mounts } }: UmountCase) {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  // do_umount: the mount that all others are on has no parent; and the root of the process never expires.
  if (mount?.mountPoint !== '/') return null;
  return `${target.name} is the root of this process, which cannot be taken away: change to another root first (pivot_root)`;
}

// By now the kernel has no other condition that is answered by EINVAL.
function locked({ target, inUserNamespace, circumstances: { mounts } }: UmountCase) {
  if (mounts === null || target.facts.error !== 0) return undefined;
  const mount = mountOf(mounts, target.facts);
  if (mount === undefined) return undefined;
  const words = mountInWords(mount);
  return inUserNamespace
    ? `${words} is locked: it came into this mount namespace together with others from a more privileged user namespace, and from in here it cannot be taken off what it covers; take it down from there`
    : `${words} is there and is locked, as far as can be told: nothing else was found wrong. What came into a mount namespace together with others from a more privileged one can be taken down from there only`;
}

function foreignForce({ flags, inUserNamespace, circumstances: { isAdmin } }: UmountCase) {
  if ((flags & MNT_FORCE) === 0) return null;
  if (isAdmin === null) return undefined;
  return inUserNamespace
    ? 'force needs CAP_SYS_ADMIN in the user namespace where the filesystem was mounted, which is not this one: do it without'
    : null;
}

function rootOfProcess({ target, failure: { step } }: UmountCase) {
  return step !== 'check root'
    ? null
    : `${target.name} is the root of this process, and the kernel would not take it down but make it read-only: for that, use mount with MS_REMOUNT; to be rid of it, pivot_root first`;
}
