// setMountAttributes() and setPropagation().
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
 * Changes the attributes of a mount that is there: mount_setattr(2). What is `true` is set, what is `false` is taken away,
 * what is left out stays. With `recursive` it is done to all mounts below or to none.
 *
 * Without mount_setattr(2) each is remounted, and put back if one cannot be.
 *
 * @param target a mount point
 * @throws {@link MountError}: `EINVAL` not a mount point, `EPERM` no CAP_SYS_ADMIN, or attributes that are locked in a
 *   user namespace, `EBUSY` files are open for writing; `TypeError` with Node's codes; an `AbortError`
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

/** {@link setMountAttributes} on the calling thread. */
export function setMountAttributesSync(target: Target, attributes: MountAttributes, options: ChangeOptions = {}): void {
  runSync(ATTRIBUTES, planAttributes(target, attributes, options));
}

/**
 * Says what happens to mounts made below a mount: mount_setattr(2), or mount(2) with MS_PRIVATE and the like.
 *
 * @param target a mount point
 * @throws as {@link setMountAttributes}
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

/** {@link setPropagation} on the calling thread. */
export function setPropagationSync(target: Target, propagation: Propagation, options: ChangeOptions = {}): void {
  runSync(PROPAGATION, planPropagation(target, propagation, options));
}
