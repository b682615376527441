// Explains failed steps that need no examination: the lookup of a target inside a root, and idmapped mounts.
import { NO_SYMLINKS, NO_XDEV, targetInWords } from '../arguments/target.js';
import { namespaceReasonOfStep, reasonOfOpen } from '../kernel/call-reasons.js';
import { describeErrno, transientReason } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import type { Bytes, NativeNamespace, NativeTarget } from '../kernel/words.js';
import { unreachable } from './examined-path.js';

/** Explains a failed step of the target or of its mount namespace; undefined for every other step. */
export function targetReasonOfStep(
  failure: Failure,
  target: NativeTarget,
  namespace: NativeNamespace,
): string | undefined {
  const { step, error } = failure;
  const { name, message } = describeErrno(error);
  switch (step) {
    case 'open root':
      return unreachable([`the root ${printable(target.root ?? '')}`], error);
    case 'open target':
    case 'make target':
      return target.root === null ? undefined : reasonInRoot(step, error, target);
    case 'locate target':
      return (
        (name === 'EAGAIN' ? undefined : transientReason(error)) ??
        `another process moved or replaced the target ${targetInWords(target)} during the call (${name}: ${message}): try again`
      );
    default:
      return namespaceReasonOfStep(failure, namespace);
  }
}

function reasonInRoot(step: 'open target' | 'make target', error: number, target: NativeTarget): string {
  const where = `the target ${targetInWords(target)}`;
  const { name, message } = describeErrno(error);
  const { create, resolve } = target;
  switch (name) {
    case 'ENOENT':
      return create === 0
        ? `${where} does not exist, or is a symbolic link to a path that does not exist in the root: create it first, or give the option create`
        : `${where} does not exist, and another process keeps removing what this call creates: stop that process, and try again`;
    case 'ELOOP':
      if (step === 'make target') {
        return `${where} leads through a symbolic link to a path that does not exist in the root, and create does not follow such a link: create the linked path first, or give that path as the target`;
      }
      return (resolve & NO_SYMLINKS) !== 0
        ? `${where} leads through a symbolic link, which noSymlinks forbids: give a path without symbolic links`
        : `${where} leads through too many symbolic links, through one on a mount with nosymfollow, or through a magic link of /proc: give a path without symbolic links`;
    case 'EXDEV':
      return (resolve & NO_XDEV) !== 0
        ? `${where} leads to another mount, which noXdev forbids: give a path on the mount of the root`
        : `another process moved ${where} out of the root during the lookup: try again`;
    case 'ENOTDIR':
      return create === 0
        ? `${where} leads through a file: correct the path`
        : `${where} leads through a file, has '..' after a directory that does not exist yet, or has a slash after the file to create: correct the path`;
    case 'EAGAIN':
      return `${where} cannot be looked up while other processes rename files or directories in the root: try again when they are done`;
    case 'ENOSYS':
    case 'EPERM':
      return step === 'open target'
        ? `openat2(2), which keeps ${where} inside the root, is missing (before Linux 5.6) or denied by a seccomp filter (${name}): allow openat2, or give allowEmulation: true to look the path up step by step`
        : `${where} cannot be created (${name}: ${message}): check who may write to the directory`;
    default:
      return (
        transientReason(error) ??
        (step === 'open target'
          ? `${where} cannot be reached (${name}: ${message}): make the path accessible, or give another path`
          : `${where} cannot be created (${name}: ${message}): create it first, or give another path`)
      );
  }
}

/**
 * Explains a failed step of an idmapped mount; undefined for every other step.
 *
 * @param userNamespace the user namespace of the option `idmap`, or null if the caller gave none
 */
export function idMapReasonOfStep(
  { step, syscall, error }: Failure,
  source: Bytes | null,
  userNamespace: NativeNamespace,
): string | undefined {
  const { name, message } = describeErrno(error);
  const filesystem = source === null ? 'the filesystem' : `the filesystem of ${printable(source)}`;
  if (step === 'make user namespace') {
    if (syscall === 'write') {
      return (
        `the kernel refuses the ID map (${name}: ${message}): give ranges that do not overlap and whose outside IDs are mapped in the ` +
        "user namespace of this process; a map of more than the process's own ID needs CAP_SETUID and CAP_SETGID"
      );
    }
    return (
      `the user namespace for the ID map cannot be created (${name}: ${message} from ${syscall}(2)): allow user namespaces ` +
      '(/proc/sys/user/max_user_namespaces, the seccomp filter, no chroot), or give an existing one as userNamespace'
    );
  }
  if (step === 'open user namespace') return reasonOfOpen(name, message, userNamespace);
  if (step !== 'map ids') return undefined;
  switch (name) {
    case 'ENOSYS':
      return 'mount_setattr(2), which idmapped mounts need, is missing (before Linux 5.12) or denied by a seccomp filter: use a newer kernel, or allow the call';
    case 'EINVAL': {
      const ofNamespace =
        userNamespace === null
          ? ''
          : '; also check that the given namespace is a user namespace other than the one that the filesystem belongs to';
      return `${filesystem} does not support idmapped mounts in this kernel: use ext4, XFS, btrfs, or tmpfs from Linux 6.3 on, but not NFS or overlay${ofNamespace}`;
    }
    case 'EPERM':
      return `the IDs of ${filesystem} cannot be mapped, because it belongs to another user namespace, its mount is idmapped already, or the given namespace is the initial user namespace: bind a mount that is not idmapped, and give another map`;
    default:
      return `the IDs of ${filesystem} cannot be mapped (${name}: ${message}): mount without idmap, or use another filesystem`;
  }
}
