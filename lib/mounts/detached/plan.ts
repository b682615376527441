// Checks the arguments of the methods of DetachedMount before the first system call.
import { changeOf, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { absoluteTarget, type Target, targetArgument } from '../../arguments/target.js';
import type { Tree } from '../../kernel/native.js';
import type { AttributeChange, NativeTarget } from '../../kernel/words.js';
import type { Plan } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, type OperationPlan, operationPlan } from '../../operation/options.js';
import type { NamedLayers } from '../../overlay/read-back.js';
import { placementOptions } from '../change/plan.js';
import type { MountStrategy } from '../handle.js';

/** Options of {@link DetachedMount.attach}. */
export interface AttachOptions extends OperationOptions {
  /** Whether to attach the mount beneath the mount at the target. See {@link moveMount}. Since Linux 6.5. */
  beneath?: boolean;
  /** Whether to attach a copy, so that the detached mount can be attached again. Since Linux 6.15. */
  clone?: boolean;
  /** What to do if the target is a mount point: `'stack'` attaches on top, and `'error'` rejects with `EBUSY`. */
  ifMounted?: 'stack' | 'error';
}

/** The properties of a detached mount that the handle of the attached mount takes over. */
export interface DetachedOrigin {
  readonly strategy: MountStrategy;
  /** Whether the detached mount has mounts below it. */
  readonly isTree: boolean;
  readonly named?: NamedLayers;
}

/** The checked arguments of {@link DetachedMount.attach}. */
export interface AttachPlan extends OperationPlan {
  readonly tree: Tree;
  readonly origin: DetachedOrigin;
  readonly target: NativeTarget;
  /** The target as the handle keeps it: an absolute path, without the option `create`. */
  readonly absoluteTarget: NativeTarget;
  readonly clone: boolean;
  readonly beneath: boolean;
  readonly requireUnmounted: boolean;
}

const ATTACH_NAMES: ReadonlySet<string> = new Set(['beneath', 'clone', 'ifMounted', ...OPERATION_NAMES]);

export function planAttach(tree: Tree, origin: DetachedOrigin, target: Target, options: AttachOptions): AttachPlan {
  const checked = optionsArgument('options', options, ATTACH_NAMES);
  const placement = placementOptions(checked);
  const mountPoint = targetArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', mountPoint.root ?? mountPoint.path]]);
  const clone = booleanOption('options.clone', checked['clone']) === true;
  return {
    tree,
    origin,
    target: mountPoint,
    absoluteTarget: absoluteTarget(mountPoint),
    clone,
    ...placement,
    ...operation,
  };
}

/** The checked arguments of {@link DetachedMount.setAttributes}. */
export interface DetachedChangePlan extends Plan {
  readonly tree: Tree;
  readonly change: AttributeChange;
}

const CHANGE_NAMES: ReadonlySet<string> = new Set(['recursive']);

export function planDetachedChange(
  tree: Tree,
  attributes: MountAttributes,
  options: { recursive?: boolean },
): DetachedChangePlan {
  const checked = optionsArgument('options', options, CHANGE_NAMES);
  const recursive = booleanOption('options.recursive', checked['recursive']) === true;
  return { tree, change: { ...changeOf(attributes), propagation: 0, recursive } };
}
