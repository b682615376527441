import { changeOf, flagsOfAttributes, keptFlags, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { type Propagation, propagationOption } from '../../arguments/propagation.js';
import { mountPointArgument, surroundingsOf, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidArgValue } from '../../kernel/errors.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, type DrivenPlan, run, runSync } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, operationPlan } from '../../operation/options.js';
import { type OperationCase, operationError, operationQuestions } from '../failure.js';

/** How {@link setMountAttributes} and {@link setPropagation} go about it. */
export interface ChangeOptions extends OperationOptions {
  /** All mounts below as well: every one of them, or none. */
  recursive?: boolean;
}

interface ChangePlan extends DrivenPlan {
  readonly target: TargetWords;
  readonly change: native.ChangeWords;
}

const KNOWN: ReadonlySet<string> = new Set(['recursive', ...OPERATION_NAMES]);

function planChange(
  target: Target,
  { set, clear }: { set: number; clear: number },
  propagation: number,
  options: ChangeOptions,
): ChangePlan {
  const checked = optionsArgument('options', options, KNOWN);
  const at = mountPointArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', at[1] ?? at[0]]]);
  const recursive = booleanOption('options.recursive', checked['recursive']) === true;
  return { target: at, change: [set, clear, propagation, recursive], ...operation };
}

function argumentsOf({ target, change, namespace }: ChangePlan, ticket: native.Ticket | null): native.ChangeArguments {
  return [null, ...target, ...change, namespace, ticket];
}

function caseOf({ target, change: [set, clear, propagation, recursive], namespace }: ChangePlan): OperationCase {
  const remount = constants.MS_REMOUNT | constants.MS_BIND;
  const flags =
    (propagation === 0 ? remount | flagsOfAttributes(set) : propagation) | (recursive ? constants.MS_REC : 0);
  return { source: null, target, fsType: null, flags, kept: keptFlags(set, clear), hasData: false, namespace };
}

const CHANGE: Omit<Driven<ChangePlan, undefined, void>, 'channel'> = {
  subject: ({ target }) => ({ target }),
  start: async (plan, ticket) => (await native.change(...argumentsOf(plan, ticket))) as undefined,
  startSync: (plan) => native.changeSync(...argumentsOf(plan, null)) as undefined,
  finish: () => undefined,
  questions: (plan, failure) => operationQuestions(failure, caseOf(plan)),
  surroundings: surroundingsOf,
  error: (plan, failure, examination) => operationError(failure, caseOf(plan), examination),
};

const ATTRIBUTES: Driven<ChangePlan, undefined, void> = {
  ...CHANGE,
  channel: new OperationChannel('setMountAttributes'),
};
const PROPAGATION: Driven<ChangePlan, undefined, void> = { ...CHANGE, channel: new OperationChannel('setPropagation') };

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
  return run(ATTRIBUTES, planChange(target, changeOf(attributes), 0, options));
}

/** {@link setMountAttributes} on the calling thread. */
export function setMountAttributesSync(target: Target, attributes: MountAttributes, options: ChangeOptions = {}): void {
  runSync(ATTRIBUTES, planChange(target, changeOf(attributes), 0, options));
}

function planPropagation(target: Target, propagation: Propagation, options: ChangeOptions): ChangePlan {
  const flag = propagationOption('propagation', propagation);
  if (flag === 0) throw invalidArgValue('propagation', 'must be given');
  return planChange(target, { set: 0, clear: 0 }, flag, options);
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
