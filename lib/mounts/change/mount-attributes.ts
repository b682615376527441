// setMountAttributes() and setPropagation(): change the attributes and the propagation of a mount.
import { flagsOfAttributes, keptFlags, type MountAttributes } from '../../arguments/attributes.js';
import type { Propagation } from '../../arguments/propagation.js';
import type { Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { native } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { type OperationCase, operationError } from '../failure.js';
import { type ChangeOptions, type ChangePlan, planAttributes, planPropagation } from './plan.js';

function caseOf({ target, change, namespace }: ChangePlan): OperationCase {
  const { set, clear, propagation, recursive } = change;
  const remount = constants.MS_REMOUNT | constants.MS_BIND;
  const flags =
    (propagation === 0 ? remount | flagsOfAttributes(set) : propagation) | (recursive ? constants.MS_REC : 0);
  return { source: null, target, fsType: null, flags, kept: keptFlags(set, clear), hasData: false, namespace };
}

const CHANGE: Omit<Operation<ChangePlan, 'change', void>, 'channel'> = {
  subject: ({ target }) => ({ target }),
  call: native.change,
  arguments: ({ target, change, namespace }, cancellation) => ({ tree: null, target, change, namespace, cancellation }),
  result: () => undefined,
  error: (plan, failure) => operationError(failure, caseOf(plan)),
};

const ATTRIBUTES: Operation<ChangePlan, 'change', void> = {
  ...CHANGE,
  channel: new OperationChannel('setMountAttributes'),
};
const PROPAGATION: Operation<ChangePlan, 'change', void> = {
  ...CHANGE,
  channel: new OperationChannel('setPropagation'),
};

/**
 * Changes the attributes of a mount: mount_setattr(2). `true` sets an attribute, `false` clears the attribute, and an
 * attribute that is left out does not change. With `recursive` the call changes the mount and all mounts below it, or
 * no mount at all.
 *
 * Without mount_setattr(2) (before Linux 5.12) the addon remounts each mount, and restores all of them if one remount
 * fails.
 *
 * @param target a mount point
 * @throws {@link MountError}: `EINVAL` if the target is not a mount point; `EPERM` without CAP_SYS_ADMIN, or if a user
 *   namespace locks an attribute; `EBUSY` if files are open for writing
 * @throws `TypeError` with Node's codes if an argument is invalid; an `AbortError`
 * @example
 * ```ts
 * await setMountAttributes('/srv/data', { readonly: true }, { recursive: true });
 * await setMountAttributes('/srv/data', { readonly: false, noExec: true, atime: 'noatime' });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
export async function setMountAttributes(
  target: Target,
  attributes: MountAttributes,
  options: ChangeOptions = {},
): Promise<void> {
  return run(ATTRIBUTES, planAttributes(target, attributes, options));
}

/** Changes the attributes of a mount on the calling thread: the synchronous form of {@link setMountAttributes}. */
export function setMountAttributesSync(target: Target, attributes: MountAttributes, options: ChangeOptions = {}): void {
  runSync(ATTRIBUTES, planAttributes(target, attributes, options));
}

/**
 * Changes the propagation of a mount: mount_setattr(2), or mount(2) with `MS_SHARED`, `MS_SLAVE`, `MS_PRIVATE` or
 * `MS_UNBINDABLE`.
 *
 * @param target a mount point
 * @throws the errors of {@link setMountAttributes}
 * @example
 * ```ts
 * await setPropagation('/', 'slave', { recursive: true });
 * ```
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
export async function setPropagation(
  target: Target,
  propagation: Propagation,
  options: ChangeOptions = {},
): Promise<void> {
  return run(PROPAGATION, planPropagation(target, propagation, options));
}

/** Changes the propagation of a mount on the calling thread: the synchronous form of {@link setPropagation}. */
export function setPropagationSync(target: Target, propagation: Propagation, options: ChangeOptions = {}): void {
  runSync(PROPAGATION, planPropagation(target, propagation, options));
}
