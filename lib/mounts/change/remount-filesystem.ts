// remountFilesystem(): changes the parameters of a mounted filesystem.
import type { Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { native } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { type OperationCase, operationError } from '../failure.js';
import { withoutValues } from '../filesystem/redact-log.js';
import { planRemount, type RemountOptions, type RemountPlan } from './plan.js';

function caseOf({ target, parameters, mode, namespace }: RemountPlan): OperationCase {
  const flags = constants.MS_REMOUNT | (mode === 'ro' ? constants.MS_RDONLY : 0);
  return { source: null, target, fsType: null, flags, hasData: parameters.words.length > 0, namespace };
}

const REMOUNT: Operation<RemountPlan, 'reconfigure', void> = {
  channel: new OperationChannel('remountFilesystem'),
  subject: ({ target, parameters: { words } }) => ({ target, words }),
  call: native.reconfigure,
  arguments: ({ target, parameters, mode, namespace }, cancellation) => ({
    target,
    parameters: parameters.words,
    data: parameters.data,
    mode,
    namespace,
    cancellation,
  }),
  result: () => undefined,
  error: (plan, failure) => operationError(withoutValues(failure, plan.parameters.words), caseOf(plan)),
};

/**
 * Changes the parameters of a mounted filesystem, for all its mounts: fspick(2), or mount(2) with `MS_REMOUNT` if
 * fspick(2) is missing. The addon calls mount(2) in a private mount namespace, so that the attributes of the mount do
 * not change. A parameter that is left out keeps its value if the filesystem supports this. To change the attributes of
 * one mount, call {@link setMountAttributes}.
 *
 * @param target a mount point of the filesystem
 * @throws {@link MountError}: `EBUSY` if the filesystem is in use for writing and cannot become read-only; `EINVAL` if
 *   the target is not a mount point, or if a parameter cannot change; `EPERM`
 * @throws `TypeError` with Node's codes if an argument is invalid; an `AbortError`
 * @example
 * ```ts
 * await remountFilesystem('/run/cache', { parameters: { size: '128m' } });
 * await remountFilesystem('/data', { readonly: true });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function remountFilesystem(target: Target, options: RemountOptions): Promise<void> {
  return run(REMOUNT, planRemount(target, options));
}

/**
 * Changes the parameters of a mounted filesystem on the calling thread: the synchronous form of
 * {@link remountFilesystem}.
 */
export function remountFilesystemSync(target: Target, options: RemountOptions): void {
  runSync(REMOUNT, planRemount(target, options));
}
