// Checks the arguments of the operations that change a mount before the first system call.
import { changeOf, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { type Propagation, propagationOption } from '../../arguments/propagation.js';
import { absoluteTarget, mountPointArgument, type Target, targetArgument } from '../../arguments/target.js';
import { invalidArgValue } from '../../kernel/errors.js';
import type { AttributeChange, NativeTarget } from '../../kernel/words.js';
import { OPERATION_NAMES, type OperationOptions, type OperationPlan, operationPlan } from '../../operation/options.js';
import { type FilesystemParameters, type ParameterWords, parameterWords } from '../filesystem/parameters.js';

/** Options of {@link setMountAttributes} and {@link setPropagation}. */
export interface ChangeOptions extends OperationOptions {
  /** Whether to change all mounts below the target too. If one mount cannot be changed, none is changed. */
  recursive?: boolean;
}

/** Options of {@link moveMount}. */
export interface MoveOptions extends OperationOptions {
  /**
   * Whether to move the mount beneath the mount at the target, which must be a mount point. After the caller unmounts
   * the upper mount, the moved mount is the mount at the target. The target is never without a mount. Since Linux 6.5.
   */
  beneath?: boolean;
  /** What to do if the target is a mount point: `'stack'` mounts on top, and `'error'` rejects with `EBUSY`. */
  ifMounted?: 'stack' | 'error';
}

/** Options of {@link remountFilesystem}. */
export interface RemountOptions extends OperationOptions {
  /** The filesystem parameters to change, by the kernel's names. */
  parameters?: FilesystemParameters;
  /** Whether the filesystem itself becomes read-only, for all its mounts. */
  readonly?: boolean;
}

/** The checked arguments of {@link setMountAttributes} and {@link setPropagation}. */
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
  const mounted = mountPointArgument('target', target);
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

/** The checked arguments of {@link moveMount}. */
export interface MovePlan extends OperationPlan {
  readonly from: NativeTarget;
  readonly target: NativeTarget;
  /** The target as the handle keeps it: an absolute path, without the option `create`. */
  readonly absoluteTarget: NativeTarget;
  readonly beneath: boolean;
  readonly requireUnmounted: boolean;
}

const MOVE_NAMES: ReadonlySet<string> = new Set(['beneath', 'ifMounted', ...OPERATION_NAMES]);

export function planMove(from: Target, to: Target, options: MoveOptions): MovePlan {
  const checked = optionsArgument('options', options, MOVE_NAMES);
  const placement = placementOptions(checked);
  const [mounted, target] = [mountPointArgument('from', from), targetArgument('to', to)];
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [
    ['from', mounted.root ?? mounted.path],
    ['to', target.root ?? target.path],
  ]);
  return { from: mounted, target, absoluteTarget: absoluteTarget(target), ...placement, ...operation };
}

/** Checks the options `beneath` and `ifMounted` of the operations that call move_mount(2). */
export function placementOptions(options: Readonly<Record<string, unknown>>): {
  beneath: boolean;
  requireUnmounted: boolean;
} {
  const beneath = booleanOption('options.beneath', options['beneath']) === true;
  const ifMounted = choiceOption('options.ifMounted', options['ifMounted'], ['stack', 'error']);
  if (beneath && ifMounted === 'error') {
    throw invalidArgValue(
      'options.ifMounted',
      "cannot be 'error' together with beneath, because beneath needs a mount at the target",
    );
  }
  return { beneath, requireUnmounted: ifMounted === 'error' };
}

/** The checked arguments of {@link remountFilesystem}. */
export interface RemountPlan extends OperationPlan {
  readonly target: NativeTarget;
  readonly parameters: ParameterWords;
  readonly mode: '' | 'ro' | 'rw';
}

const REMOUNT_NAMES: ReadonlySet<string> = new Set(['parameters', 'readonly', ...OPERATION_NAMES]);

export function planRemount(target: Target, options: RemountOptions): RemountPlan {
  const checked = optionsArgument('options', options, REMOUNT_NAMES);
  const readonly = booleanOption('options.readonly', checked['readonly']);
  const mounted = mountPointArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', mounted.root ?? mounted.path]]);
  const parameters = parameterWords('options.parameters', checked['parameters']);
  if (readonly === undefined && parameters.words.length === 0) {
    throw invalidArgValue('options', 'must contain parameters or readonly, the properties to change');
  }
  const mode = readonly === undefined ? '' : readonly ? 'ro' : 'rw';
  return { target: mounted, parameters, mode, ...operation };
}
