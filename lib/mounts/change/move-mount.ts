// moveMount().
import { pathOfTarget, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { native } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { type OperationCase, operationError } from '../failure.js';
import { Mount } from '../handle.js';
import { type MoveOptions, type MovePlan, planMove } from './plan.js';

function caseOf({ from, to, namespace }: MovePlan): OperationCase {
  const source = pathOfTarget(from);
  return { source, target: to, from, fsType: null, flags: constants.MS_MOVE, hasData: false, namespace };
}

const MOVE: Operation<MovePlan, 'move', Mount> = {
  channel: new OperationChannel('moveMount'),
  subject: ({ from, to }) => ({ source: pathOfTarget(from), target: to }),
  call: native.move,
  arguments: ({ from, to, beneath, vacant, namespace }, cancellation) => ({
    from,
    to,
    beneath,
    vacant,
    namespace,
    cancellation,
  }),
  result: ({ absoluteTarget, namespace }, id) =>
    new Mount({ target: absoluteTarget, namespace, id, strategy: 'move', reused: false, isTree: true }),
  error: (plan, failure) => operationError(failure, caseOf(plan)),
};

/**
 * Moves a mount, with all that is mounted below it, to another place: move_mount(2).
 *
 * With `beneath` a mount that is in use is exchanged: move the new one beneath it, then unmount the old one. A handle to
 * the mount that was moved does not know its new place: use the one that this returns.
 *
 * @param from a mount point
 * @param to where
 * @throws {@link MountError}: `EINVAL` not a mount point, or its parent is shared; `ELOOP` into itself; `ENOSYS` beneath
 *   without move_mount(2); `TypeError` with Node's codes; an `AbortError`
 * @example
 * ```ts
 * await moveMount('/run/new', '/srv/www', { beneath: true });
 * await umount('/srv/www'); // and now the new one is there
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function moveMount(from: Target, to: Target, options: MoveOptions = {}): Promise<Mount> {
  return run(MOVE, planMove(from, to, options));
}

/** {@link moveMount} on the calling thread. */
export function moveMountSync(from: Target, to: Target, options: MoveOptions = {}): Mount {
  return runSync(MOVE, planMove(from, to, options));
}
