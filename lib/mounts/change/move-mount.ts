// moveMount(): moves a mount to another mount point.
import { pathOfTarget, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { native } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { type OperationCase, operationError } from '../failure.js';
import { Mount } from '../handle.js';
import { type MoveOptions, type MovePlan, planMove } from './plan.js';

function caseOf({ from, target, namespace }: MovePlan): OperationCase {
  const source = pathOfTarget(from);
  return { source, target, from, fsType: null, flags: constants.MS_MOVE, hasData: false, namespace };
}

const MOVE: Operation<MovePlan, 'move', Mount> = {
  channel: new OperationChannel('moveMount'),
  subject: ({ from, target }) => ({ source: pathOfTarget(from), target }),
  call: native.move,
  arguments: ({ from, target, beneath, requireUnmounted, namespace }, cancellation) => ({
    from,
    target,
    beneath,
    requireUnmounted,
    namespace,
    cancellation,
  }),
  result: ({ absoluteTarget, namespace }, id) =>
    new Mount({ target: absoluteTarget, namespace, id, strategy: 'move', reused: false, isTree: true }),
  error: (plan, failure) => operationError(failure, caseOf(plan)),
};

/**
 * Moves a mount and all mounts below to another mount point: move_mount(2), or mount(2) with `MS_MOVE` before Linux
 * 5.2.
 *
 * With `beneath` the caller can replace a mount that is in use: move the new mount beneath the old one, then unmount
 * the old one. A handle that was made before the move keeps the old target; use the handle that this function returns.
 *
 * @param from the mount point of the mount to move
 * @param to the new mount point
 * @returns a handle to the moved mount
 * @throws {@link MountError}: `EINVAL` if `from` is not a mount point, or if its parent is shared; `ELOOP` if `to` is
 *   below `from`; `ENOSYS` if `beneath` is set and move_mount(2) is missing
 * @throws `TypeError` with Node's codes if an argument is invalid; an `AbortError`
 * @example
 * ```ts
 * await moveMount('/run/new', '/srv/www', { beneath: true });
 * await umount('/srv/www'); // the moved mount is now the mount at /srv/www
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function moveMount(from: Target, to: Target, options: MoveOptions = {}): Promise<Mount> {
  return run(MOVE, planMove(from, to, options));
}

/** Moves a mount on the calling thread: the synchronous form of {@link moveMount}. */
export function moveMountSync(from: Target, to: Target, options: MoveOptions = {}): Mount {
  return runSync(MOVE, planMove(from, to, options));
}
