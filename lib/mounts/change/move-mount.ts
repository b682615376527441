import { booleanOption, choiceOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import {
  absoluteTarget,
  mountPointArgument,
  pathOfTarget,
  surroundingsOf,
  type Target,
  targetArgument,
} from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidArgValue } from '../../kernel/errors.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, type DrivenPlan, run, runSync } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, operationPlan } from '../../operation/options.js';
import { type OperationCase, operationError, operationQuestions } from '../failure.js';
import { Mount } from '../handle.js';

/** How {@link moveMount} moves. */
export interface MoveOptions extends OperationOptions {
  /**
   * Below the mount that is at the target, which must be a mount point: when that is unmounted, the moved one is there
   * without a gap in which neither is. Since Linux 6.5.
   */
  beneath?: boolean;
  /** What to do where the target is a mount point already: mount on top of it, or refuse with `EBUSY`. */
  ifMounted?: 'stack' | 'error';
}

interface MovePlan extends DrivenPlan {
  readonly from: TargetWords;
  readonly to: TargetWords;
  readonly handleTarget: TargetWords;
  readonly beneath: boolean;
  readonly vacant: boolean;
}

const KNOWN: ReadonlySet<string> = new Set(['beneath', 'ifMounted', ...OPERATION_NAMES]);

function planMove(from: Target, to: Target, options: MoveOptions): MovePlan {
  const checked = optionsArgument('options', options, KNOWN);
  const beneath = booleanOption('options.beneath', checked['beneath']) === true;
  const ifMounted = choiceOption('options.ifMounted', checked['ifMounted'], ['stack', 'error']);
  if (beneath && ifMounted === 'error') {
    throw invalidArgValue('options.ifMounted', "cannot be 'error' with beneath, which needs a mount at the target");
  }
  const [source, target] = [mountPointArgument('from', from), targetArgument('to', to)];
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [
    ['from', source[1] ?? source[0]],
    ['to', target[1] ?? target[0]],
  ]);
  const handleTarget = absoluteTarget(target);
  return { from: source, to: target, handleTarget, beneath, vacant: ifMounted === 'error', ...operation };
}

function argumentsOf(plan: MovePlan, ticket: native.Ticket | null): native.MoveArguments {
  return [...plan.from, ...plan.to, plan.beneath, plan.vacant, plan.namespace, ticket];
}

function caseOf({ from, to, namespace }: MovePlan): OperationCase {
  const source = pathOfTarget(from);
  return { source, target: to, from, fsType: null, flags: constants.MS_MOVE, hasData: false, namespace };
}

const MOVE: Driven<MovePlan, bigint, Mount> = {
  channel: new OperationChannel('moveMount'),
  subject: ({ from, to }) => ({ source: pathOfTarget(from), target: to }),
  start: async (plan, ticket) => (await native.move(...argumentsOf(plan, ticket))) as bigint,
  startSync: (plan) => native.moveSync(...argumentsOf(plan, null)) as bigint,
  finish: ({ handleTarget, namespace }, id) =>
    new Mount({ target: handleTarget, namespace, id, strategy: 'move', reused: false, isTree: true }),
  questions: (plan, failure) => operationQuestions(failure, caseOf(plan)),
  surroundings: ({ to, namespace }) => surroundingsOf({ target: to, namespace }),
  error: (plan, failure, examination) => operationError(failure, caseOf(plan), examination),
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
