import { booleanOption, choiceOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { absoluteTarget, surroundingsOf, type Target, targetArgument } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidArgValue } from '../../kernel/errors.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import type { Driven, DrivenPlan } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, operationPlan } from '../../operation/options.js';
import type { NamedLayers } from '../../overlay/read-back.js';
import { type OperationCase, operationError, operationQuestions } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';

/** How `DetachedMount.attach` goes about it. */
export interface AttachOptions extends OperationOptions {
  /** Below the mount that is at the target, see {@link moveMount}. Since Linux 6.5. */
  beneath?: boolean;
  /** Attach a copy, so that this one can be attached again. Since Linux 6.15. */
  clone?: boolean;
  /** What to do where the target is a mount point already: mount on top of it, or refuse with `EBUSY`. */
  ifMounted?: 'stack' | 'error';
}

/** How a detached mount was made, as its handle wants to know it. */
export interface DetachedOrigin {
  readonly strategy: MountStrategy;
  /** Whether it came with mounts below it. */
  readonly isTree: boolean;
  readonly named?: NamedLayers;
}

/** What giving a detached mount its place needs. */
export interface AttachPlan extends DrivenPlan {
  readonly tree: native.Tree;
  readonly origin: DetachedOrigin;
  readonly target: TargetWords;
  readonly handleTarget: TargetWords;
  readonly clone: boolean;
  readonly beneath: boolean;
  readonly vacant: boolean;
}

const ATTACH_KNOWN: ReadonlySet<string> = new Set(['beneath', 'clone', 'ifMounted', ...OPERATION_NAMES]);

export function planAttach(
  tree: native.Tree,
  origin: DetachedOrigin,
  target: Target,
  options: AttachOptions,
): AttachPlan {
  const checked = optionsArgument('options', options, ATTACH_KNOWN);
  const ifMounted = choiceOption('options.ifMounted', checked['ifMounted'], ['stack', 'error']);
  const beneath = booleanOption('options.beneath', checked['beneath']) === true;
  if (beneath && ifMounted === 'error') {
    throw invalidArgValue('options.ifMounted', "cannot be 'error' with beneath, which needs a mount at the target");
  }
  const at = targetArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', at[1] ?? at[0]]]);
  return {
    tree,
    origin,
    target: at,
    handleTarget: absoluteTarget(at),
    clone: booleanOption('options.clone', checked['clone']) === true,
    beneath,
    vacant: ifMounted === 'error',
    ...operation,
  };
}

function attachArguments(plan: AttachPlan, ticket: native.Ticket | null): native.AttachArguments {
  const { tree, target, clone, beneath, vacant, namespace } = plan;
  return [tree, ...target, clone, beneath, vacant, namespace, ticket];
}

function attachCase({ target, namespace }: AttachPlan): OperationCase {
  return { source: null, target, fsType: null, flags: constants.MS_MOVE, hasData: false, namespace };
}

/** move_mount(2) of a detached mount, or of a copy of it: gives the handle of what is attached. */
export const ATTACH: Driven<AttachPlan, bigint, Mount> = {
  channel: new OperationChannel('DetachedMount.attach'),
  subject: ({ target }) => ({ target }),
  start: async (plan, ticket) => (await native.attach(...attachArguments(plan, ticket))) as bigint,
  startSync: (plan) => native.attachSync(...attachArguments(plan, null)) as bigint,
  finish: ({ handleTarget, namespace, origin }, id) =>
    new Mount({ target: handleTarget, namespace, id, reused: false, ...origin }),
  questions: (plan, failure) => operationQuestions(failure, attachCase(plan)),
  surroundings: surroundingsOf,
  error: (plan, failure, examination) => operationError(failure, attachCase(plan), examination),
};
