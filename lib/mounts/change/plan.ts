// The plans of operations that change a mount: their options, checked, before anything is done.
import { changeOf, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { type Propagation, propagationOption } from '../../arguments/propagation.js';
import { lastingTarget, mountedArgument, type Target, targetArgument } from '../../arguments/target.js';
import { invalidArgValue } from '../../kernel/errors.js';
import type { AttributeChange, NativeTarget } from '../../kernel/words.js';
import { OPERATION_NAMES, type OperationOptions, type OperationPlan, operationPlan } from '../../operation/options.js';
import { type FilesystemParameters, type ParameterWords, parameterWords } from '../filesystem/parameters.js';

/** How {@link setMountAttributes} and {@link setPropagation} go about it. */
export interface ChangeOptions extends OperationOptions {
  /** All mounts below as well: every one of them, or none. */
  recursive?: boolean;
}

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

/** What {@link remountFilesystem} changes. */
export interface RemountOptions extends OperationOptions {
  /** The filesystem's own options that are to change, by the kernel's names. */
  parameters?: FilesystemParameters;
  /** Whether the filesystem itself can be written to, through whichever mount. */
  readonly?: boolean;
}

/** The plan of {@link setMountAttributes} and {@link setPropagation}. */
export interface ChangePlan extends OperationPlan {
  readonly target: NativeTarget;
  readonly change: AttributeChange;
}

const CHANGE_NAMES: ReadonlySet<string> = new Set(['recursive', ...OPERATION_NAMES]);

function planChange(
  target: Target,
  change: Pick<AttributeChange, 'set' | 'clear' | 'propagation'>,
  options: ChangeOptions,
): ChangePlan {
  const checked = optionsArgument('options', options, CHANGE_NAMES);
  const mounted = mountedArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', mounted.root ?? mounted.path]]);
  const recursive = booleanOption('options.recursive', checked['recursive']) === true;
  return { target: mounted, change: { ...change, recursive }, ...operation };
}

export function planAttributes(target: Target, attributes: MountAttributes, options: ChangeOptions): ChangePlan {
  return planChange(target, { ...changeOf(attributes), propagation: 0 }, options);
}

export function planPropagation(target: Target, propagation: Propagation, options: ChangeOptions): ChangePlan {
  const flag = propagationOption('propagation', propagation);
  if (flag === 0) throw invalidArgValue('propagation', 'must be given');
  return planChange(target, { set: 0, clear: 0, propagation: flag }, options);
}

/** The plan of {@link moveMount}. */
export interface MovePlan extends OperationPlan {
  readonly from: NativeTarget;
  readonly to: NativeTarget;
  /** `to` for the handle: absolute, and nothing is created. */
  readonly absoluteTarget: NativeTarget;
  readonly beneath: boolean;
  readonly vacant: boolean;
}

const MOVE_NAMES: ReadonlySet<string> = new Set(['beneath', 'ifMounted', ...OPERATION_NAMES]);

export function planMove(from: Target, to: Target, options: MoveOptions): MovePlan {
  const checked = optionsArgument('options', options, MOVE_NAMES);
  const placement = placementOptions(checked);
  const [mounted, target] = [mountedArgument('from', from), targetArgument('to', to)];
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [
    ['from', mounted.root ?? mounted.path],
    ['to', target.root ?? target.path],
  ]);
  return { from: mounted, to: target, absoluteTarget: lastingTarget(target), ...placement, ...operation };
}

/** The options `beneath` and `ifMounted` of move_mount(2). */
export function placementOptions(options: Readonly<Record<string, unknown>>): { beneath: boolean; vacant: boolean } {
  const beneath = booleanOption('options.beneath', options['beneath']) === true;
  const ifMounted = choiceOption('options.ifMounted', options['ifMounted'], ['stack', 'error']);
  if (beneath && ifMounted === 'error') {
    throw invalidArgValue('options.ifMounted', "cannot be 'error' with beneath, which needs a mount at the target");
  }
  return { beneath, vacant: ifMounted === 'error' };
}

/** The plan of {@link remountFilesystem}. */
export interface RemountPlan extends OperationPlan {
  readonly target: NativeTarget;
  readonly parameters: ParameterWords;
  readonly mode: '' | 'ro' | 'rw';
}

const REMOUNT_NAMES: ReadonlySet<string> = new Set(['parameters', 'readonly', ...OPERATION_NAMES]);

export function planRemount(target: Target, options: RemountOptions): RemountPlan {
  const checked = optionsArgument('options', options, REMOUNT_NAMES);
  const readonly = booleanOption('options.readonly', checked['readonly']);
  const mounted = mountedArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', mounted.root ?? mounted.path]]);
  const parameters = parameterWords('options.parameters', checked['parameters']);
  if (readonly === undefined && parameters.words.length === 0) {
    throw invalidArgValue('options', 'must say what is to change');
  }
  const mode = readonly === undefined ? '' : readonly ? 'ro' : 'rw';
  return { target: mounted, parameters, mode, ...operation };
}
