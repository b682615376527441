import { ATTRIBUTE_NAMES, attributeChange, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument, type PathLike, pathArgument } from '../../arguments/check.js';
import { type IdMap, idMapArgument } from '../../arguments/idmap.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { type Propagation, propagationOption } from '../../arguments/propagation.js';
import { lastingTarget, type Target, targetArgument } from '../../arguments/target.js';
import type { AttributeChange, Bytes, NativeIdMap, NativeNamespace, NativeTarget } from '../../kernel/words.js';
import type { Plan } from '../../operation/driver.js';
import {
  type IfMounted,
  ifMountedOption,
  MOUNTING_NAMES,
  type MountingOptions,
  operationPlan,
} from '../../operation/options.js';

/** How a bind is made. */
export interface BindAttributes extends MountAttributes {
  /**
   * The mounts below the source as well. Attributes and propagation then are those of all.
   * What is mounted in it later receives from the source and gives nothing back to it (slave), so that to take it down
   * takes nothing away there.
   */
  recursive?: boolean;
  /** Unless said it is what the kernel makes of it: that of the source, and shared below a mount that is shared. */
  propagation?: Propagation;
  /**
   * `'inherit'`: what the source has is kept, and what is `true` is added; `false` takes nothing away. `'exact'`: exactly
   * what is `true`, which in a user namespace fails (`EPERM`) where the source has more that is locked.
   */
  flags?: 'inherit' | 'exact';
  /** How the owners of the files appear. Since Linux 5.12. */
  idmap?: IdMap;
}

/** How {@link mountBind} binds. */
export interface BindOptions extends BindAttributes, MountingOptions {}

/** What is to be bound, checked. */
export interface BindPlan extends Plan {
  readonly source: Bytes;
  /** Undefined for one without a place. */
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

/** Turns what the user asked into a plan, without doing anything. */
export function planBind(source: PathLike, target: Target, options: BindOptions): BindPlan {
  return planAt(source, targetArgument('target', target), options, KNOWN);
}

/** The same for a bind without a place. */
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
    absoluteTarget: at === undefined ? undefined : lastingTarget(at),
    change: { set, clear, propagation, recursive },
    idMap: idMapArgument('options.idmap', checked['idmap']),
    ifMounted: ifMountedOption(checked),
    namespace,
    signal,
  };
}
