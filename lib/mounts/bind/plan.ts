// Checks the arguments of mountBind() and detachedBind() before the first system call.
import { ATTRIBUTE_NAMES, attributeChange, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument, type PathLike, pathArgument } from '../../arguments/check.js';
import { type IdMap, idMapArgument } from '../../arguments/idmap.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { type Propagation, propagationOption } from '../../arguments/propagation.js';
import { absoluteTarget, type Target, targetArgument } from '../../arguments/target.js';
import type { AttributeChange, Bytes, NativeIdMap, NativeNamespace, NativeTarget } from '../../kernel/words.js';
import type { Plan } from '../../operation/driver.js';
import {
  type IfMounted,
  ifMountedOption,
  MOUNTING_NAMES,
  type MountingOptions,
  operationPlan,
} from '../../operation/options.js';

/** Options of {@link mountBind} and {@link detachedBind}. */
export interface BindAttributes extends MountAttributes {
  /**
   * Whether to bind the mounts below the source too. The attributes and the propagation apply to every mount of the
   * bind. Each mount of the bind is a slave of its original unless `propagation` is given: the bind receives mounts
   * from the source, and unmounting the bind does not unmount anything at the source.
   */
  recursive?: boolean;
  /**
   * The propagation of the bind. By default the kernel decides: the bind has the propagation of its source, and is
   * shared below a shared mount.
   */
  propagation?: Propagation;
  /**
   * How the attributes in the options combine with the attributes of the source. `'inherit'`, the default, keeps the
   * attributes of the source and adds those that are `true`; `false` clears nothing. `'exact'` sets exactly the
   * attributes that are `true`, and fails with `EPERM` in a user namespace if the source has further attributes that
   * are locked.
   */
  flags?: 'inherit' | 'exact';
  /** The ID map of an idmapped mount, which changes the owners of files as seen through the mount. Since Linux 5.12. */
  idmap?: IdMap;
}

/** Options of {@link mountBind}. */
export interface BindOptions extends BindAttributes, MountingOptions {}

/** The checked arguments of {@link mountBind} and {@link detachedBind}. */
export interface BindPlan extends Plan {
  readonly source: Bytes;
  /** The target; undefined for a detached bind. */
  readonly target: NativeTarget | undefined;
  readonly absoluteTarget: NativeTarget | undefined;
  readonly change: AttributeChange;
  readonly idMap: NativeIdMap;
  readonly ifMounted: IfMounted;
  readonly namespace: NativeNamespace;
}
export const DETACHED_KNOWN: ReadonlySet<string> = new Set([
  ...ATTRIBUTE_NAMES,
  ...['recursive', 'propagation', 'flags', 'idmap', 'signal'],
]);
export const KNOWN: ReadonlySet<string> = new Set([...DETACHED_KNOWN, ...MOUNTING_NAMES]);

/** Checks the arguments of {@link mountBind}. */
export function planBind(source: PathLike, target: Target, options: BindOptions): BindPlan {
  return planAt(source, targetArgument('target', target), options, KNOWN);
}

/** Checks the arguments of {@link detachedBind}. */
export function planDetachedBind(source: PathLike, options: BindAttributes & { signal?: AbortSignal }): BindPlan {
  return planAt(source, undefined, options, DETACHED_KNOWN);
}
export function planAt(
  source: PathLike,
  at: NativeTarget | undefined,
  options: BindOptions,
  known: ReadonlySet<string>,
): BindPlan {
  const checked = optionsArgument('options', options, known);
  const flags = choiceOption('options.flags', checked['flags'], ['inherit', 'exact']);
  const { set, clear } = attributeChange(checked, flags === 'exact' ? 'exact' : 'add');
  const recursive = booleanOption('options.recursive', checked['recursive']) === true;
  const propagation = propagationOption('options.propagation', checked['propagation']);
  const from = pathArgument('source', source);
  const { namespace, signal } = operationPlan(checked);
  refuseRelative(namespace, [
    ['source', from],
    ['target', at === undefined ? null : (at.root ?? at.path)],
  ]);
  return {
    source: from,
    target: at,
    absoluteTarget: at === undefined ? undefined : absoluteTarget(at),
    change: { set, clear, propagation, recursive },
    idMap: idMapArgument('options.idmap', checked['idmap']),
    ifMounted: ifMountedOption(checked),
    namespace,
    signal,
  };
}
