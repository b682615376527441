// The plans of the methods of DetachedMount: their options, checked, before anything is done.
import { changeOf, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { lastingTarget, type Target, targetArgument } from '../../arguments/target.js';
import type { Tree } from '../../kernel/native.js';
import type { AttributeChange, NativeTarget } from '../../kernel/words.js';
import type { Plan } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, type OperationPlan, operationPlan } from '../../operation/options.js';
import type { NamedLayers } from '../../overlay/read-back.js';
import { placementOptions } from '../change/plan.js';
import type { MountStrategy } from '../handle.js';

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

/** The plan of `DetachedMount.attach`. */
export interface AttachPlan extends OperationPlan {
  readonly tree: Tree;
  readonly origin: DetachedOrigin;
  readonly target: NativeTarget;
  /** `target` for the handle: absolute, and nothing is created. */
  readonly absoluteTarget: NativeTarget;
  readonly clone: boolean;
  readonly beneath: boolean;
  readonly vacant: boolean;
}

const ATTACH_NAMES: ReadonlySet<string> = new Set(['beneath', 'clone', 'ifMounted', ...OPERATION_NAMES]);

export function planAttach(tree: Tree, origin: DetachedOrigin, target: Target, options: AttachOptions): AttachPlan {
  const checked = optionsArgument('options', options, ATTACH_NAMES);
  const placement = placementOptions(checked);
  const mountPoint = targetArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', mountPoint.root ?? mountPoint.path]]);
  const clone = booleanOption('options.clone', checked['clone']) === true;
  const absoluteTarget = lastingTarget(mountPoint);
  return { tree, origin, target: mountPoint, absoluteTarget, clone, ...placement, ...operation };
}

/** The plan of `DetachedMount.setAttributes`. */
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
