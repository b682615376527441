import { reasonOfOpen } from '../kernel/call-reasons.js';
import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import type { Bytes, NativeNamespace } from '../kernel/words.js';

/**
 * Why ids could not be mapped, where the failed step tells.
 *
 * @param userNamespace the one that was given, if any
 */
export function idMapReasonOfStep(
  { step, syscall, error }: Failure,
  source: Bytes | null,
  userNamespace: NativeNamespace,
): string | undefined {
  const { name, message } = describeErrno(error);
  const what = source === null ? 'the filesystem' : `the filesystem of ${printable(source)}`;
  if (step === 'make user namespace') {
    if (syscall === 'write') {
      return (
        `the kernel does not take the id map (${name}: ${message}): ranges must not overlap, their outside ids must be mapped in ` +
        "this process's own user namespace, and more than one's own id takes CAP_SETUID and CAP_SETGID"
      );
    }
    return (
      `no user namespace could be made to map ids with (${name}: ${message} from ${syscall}(2)): allow them ` +
      '(/proc/sys/user/max_user_namespaces, a seccomp filter, a chroot), or give one that is there as userNamespace'
    );
  }
  if (step === 'open user namespace') return reasonOfOpen(name, message, userNamespace);
  if (step !== 'map ids') return undefined;
  switch (name) {
    case 'ENOSYS':
      return 'ids cannot be mapped here: mount_setattr(2) is missing (before Linux 5.12) or denied by a seccomp filter';
    case 'EINVAL':
      return `${what} cannot have mapped ids with this kernel (ext4, XFS and btrfs can, tmpfs since Linux 6.3, NFS and overlay cannot)${userNamespace === null ? '' : ', or the namespace that was given is not a user namespace, or is the one that the filesystem belongs to'}`;
    case 'EPERM':
      return `ids cannot be mapped: ${what} belongs to another user namespace than this process's, its ids are mapped already, or the mapping is that of the first user namespace`;
    default:
      return `ids of ${what} cannot be mapped (${name}: ${message})`;
  }
}
