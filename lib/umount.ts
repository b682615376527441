import { flagsArgument, type PathLike, pathArgument } from './arguments.js';
import { umountFlagNames } from './constants.js';
import { MountError } from './errors.js';
import * as native from './native.js';

/**
 * Turns what the user asked into the arguments of the native call, without doing anything.
 *
 * @internal
 */
export function planUmount(target: PathLike, flags?: number, id: bigint | null = null): native.UmountArguments {
  return [pathArgument('target', target), flagsArgument('flags', flags), id];
}

/**
 * Makes an error of a failed umount.
 *
 * @internal
 */
export function umountFailure(
  { error: errno, syscall, step, mountId }: native.Failure,
  [target, flags, id]: native.UmountArguments,
): MountError {
  return new MountError({
    errno,
    syscall,
    step,
    path: target,
    flags: umountFlagNames(flags),
    reason:
      mountId === 0n
        ? undefined
        : `mount ${id} is no longer the one at this path, mount ${mountId} is; it was moved, taken down or mounted ` +
          'over by someone else, and a handle takes down only what it put up',
  });
}

/**
 * Takes down the mount at a path, the topmost if there are several: umount2(2).
 *
 * Every answer of the kernel but success is an error. `EINVAL` in particular, which others take for "was not mounted",
 * may also mean that the mount is locked and still there.
 *
 * The call runs on a thread of its own. To take down what {@link mountOverlay} put up and nothing else, use
 * {@link Mount.unmount}.
 *
 * @param target the mount point; a symbolic link is followed unless `UMOUNT_NOFOLLOW` is given
 * @param flags `MNT_FORCE`, `MNT_DETACH`, `MNT_EXPIRE` and `UMOUNT_NOFOLLOW` of {@link constants}, joined with `|`
 * @throws {@link MountError}: `EBUSY` in use, `EINVAL` not a mount point or locked, `EPERM` no CAP_SYS_ADMIN,
 *   `EAGAIN` marked by `MNT_EXPIRE`; `TypeError` or `RangeError` with Node's codes for wrong arguments
 * @example
 * ```ts
 * await umount('/run/cache');
 * await umount('/mnt/usb', constants.UMOUNT_NOFOLLOW);
 * ```
 * @see https://man7.org/linux/man-pages/man2/umount.2.html
 */
export async function umount(target: PathLike, flags?: number): Promise<void> {
  const plan = planUmount(target, flags);
  const outcome = await native.umount(...plan);
  if (native.isFailure(outcome)) throw umountFailure(outcome, plan);
}

/**
 * {@link umount} on the calling thread, which waits for the kernel.
 *
 * @example
 * ```ts
 * umountSync('/jail/proc');
 * ```
 */
export function umountSync(target: PathLike, flags?: number): void {
  const plan = planUmount(target, flags);
  const outcome = native.umountSync(...plan);
  if (native.isFailure(outcome)) throw umountFailure(outcome, plan);
}
