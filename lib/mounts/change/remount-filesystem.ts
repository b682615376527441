// remountFilesystem().
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
 * Changes the options of a filesystem that is mounted, for all its mounts: fspick(2), or mount(2) with MS_REMOUNT
 * where that is missing, in a mount namespace of a thread's own, so that the attributes of the mount stay as they are.
 * What is not named stays, as far as the filesystem keeps it. For the attributes of one mount there is
 * {@link setMountAttributes}.
 *
 * @param target a mount point of the filesystem
 * @throws {@link MountError}: `EBUSY` it is written to and cannot become read-only, `EINVAL` not a mount point, or an
 *   option that cannot change; `EPERM`; `TypeError` with Node's codes; an `AbortError`
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

/** {@link remountFilesystem} on the calling thread. */
export function remountFilesystemSync(target: Target, options: RemountOptions): void {
  runSync(REMOUNT, planRemount(target, options));
}
