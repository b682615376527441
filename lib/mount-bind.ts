import { type Bytes, booleanOption, choiceOption, optionsArgument, type PathLike, pathArgument } from './arguments.js';
import { ATTRIBUTE_NAMES, attributeChange, keptFlags, type MountAttributes } from './attributes.js';
import { lookAtBind } from './bind-reuse.js';
import { constants } from './constants.js';
import { type Driven, type DrivenPlan, run, runSync } from './drivers.js';
import { type IdMap, type IdMapWords, idMapArgument } from './idmap.js';
import { Mount, type MountStrategy } from './mount-handle.js';
import { refuseRelative } from './namespace.js';
import * as native from './native.js';
import { type IfMounted, ifMountedOption, MOUNTING_NAMES, type MountingOptions, operationPlan } from './operation.js';
import { OperationChannel } from './operation-channel.js';
import { notTheSame, type OperationCase, operationError, operationQuestions } from './operation-failure.js';
import { type Propagation, propagationOption } from './propagation.js';
import { lastingTarget, NOWHERE, surroundingsOf, type Target, type TargetWords, targetArgument } from './target.js';

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
export interface BindPlan extends DrivenPlan {
  readonly source: Bytes;
  /** Undefined for one without a place. */
  readonly target: TargetWords | undefined;
  readonly lasting: TargetWords | undefined;
  readonly change: native.ChangeWords;
  readonly idMap: IdMapWords;
  readonly ifMounted: IfMounted;
}

const DETACHED_KNOWN: ReadonlySet<string> = new Set([
  ...ATTRIBUTE_NAMES,
  ...['recursive', 'propagation', 'flags', 'idmap', 'signal'],
]);
const KNOWN: ReadonlySet<string> = new Set([...DETACHED_KNOWN, ...MOUNTING_NAMES]);

/** Turns what the user asked into a plan, without doing anything. */
export function planBind(source: PathLike, target: Target, options: BindOptions): BindPlan {
  return planAt(source, targetArgument('target', target), options, KNOWN);
}

/** The same for a bind without a place. */
export function planDetachedBind(source: PathLike, options: BindAttributes & { signal?: AbortSignal }): BindPlan {
  return planAt(source, undefined, options, DETACHED_KNOWN);
}

function planAt(
  source: PathLike,
  at: TargetWords | undefined,
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
    ['target', at?.[1] ?? at?.[0] ?? null],
  ]);
  return {
    source: from,
    target: at,
    lasting: at === undefined ? undefined : lastingTarget(at),
    change: [set, clear, propagation, recursive],
    idMap: idMapArgument('options.idmap', checked['idmap']),
    ifMounted: ifMountedOption(checked),
    namespace,
    signal,
  };
}

/**
 * Shows a directory or a file at another place: open_tree(2), mount_setattr(2), move_mount(2). The copy has its
 * attributes before anybody can reach it, so that a read-only bind is never writable, with `recursive` all the way down,
 * and keeps the `nosuid`, `nodev` and `noexec` of its source. Afterwards the kernel is asked whether it has them.
 *
 * Without mount_setattr(2) (before Linux 5.12, or in a sandbox) the copy gets its attributes in a mount namespace that nobody
 * else sees. Only where a sandbox refuses that, or open_tree(2), it is bound and then remounted, each mount below as well:
 * it is then as writable as its source for an instant, and taken away again if a step fails. `mount.strategy` tells.
 *
 * @param source a directory or a file; a symbolic link is followed
 * @param target where; a file goes over a file, a directory over a directory
 * @throws {@link MountError} with the `reason`: `ENOENT` on which side, `ENOTDIR` a file over a directory, `EINVAL` the
 *   source is unbindable, `EPERM` no CAP_SYS_ADMIN or attributes that are locked, `EBUSY` by `ifMounted`; `TypeError` or
 *   `RangeError` with Node's codes; an `AbortError`
 * @example
 * ```ts
 * await using www = await mountBind('/srv/www', '/jail/www', { readonly: true, recursive: true, noSuid: true });
 * await mountBind('/etc/resolv.conf', { root: '/box', path: '/etc/resolv.conf', create: 'match' }, { readonly: true });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
export async function mountBind(source: PathLike, target: Target, options: BindOptions = {}): Promise<Mount> {
  return run(BIND, planBind(source, target, options));
}

/**
 * {@link mountBind} on the calling thread.
 *
 * @example
 * ```ts
 * using www = mountBindSync('/srv/www', '/jail/www', { readonly: true });
 * ```
 */
export function mountBindSync(source: PathLike, target: Target, options: BindOptions = {}): Mount {
  return runSync(BIND, planBind(source, target, options));
}

// One by one: to spread them takes longer than to check them all.
function callWith<T>(call: (...plan: native.BindArguments) => T, plan: BindPlan, ticket: native.Ticket | null): T {
  const { source, target = NOWHERE, change, idMap, ifMounted, namespace } = plan;
  const [path, root, create, resolve] = target;
  const [set, clear, propagation, recursive] = change;
  const [userNamespace, uids, gids] = idMap;
  const isDetached = plan.target === undefined;
  // biome-ignore format: one call, and one line for each part of it
  return call(
    source, path, root, create, resolve, set, clear, propagation, recursive, userNamespace, uids, gids,
    isDetached, ifMounted === 'error', namespace, ticket,
  );
}

function caseOf({ source, target, change: [set, clear, , recursive], idMap, namespace }: BindPlan): OperationCase {
  const [userNamespace] = idMap;
  const flags = constants.MS_BIND | (recursive ? constants.MS_REC : 0);
  return { source, target, fsType: null, flags, kept: keptFlags(set, clear), hasData: false, namespace, userNamespace };
}

/** What binds with and without a place have in common. */
export const BIND_CALL: Omit<Driven<BindPlan, native.Made, never>, 'channel' | 'finish'> = {
  subject: ({ source, target }) => ({ source, target }),
  start: (plan, ticket) => callWith(native.bind, plan, ticket),
  startSync: (plan) => callWith(native.bindSync, plan, null),
  questions: (plan, failure) => operationQuestions(failure, caseOf(plan)),
  surroundings: ({ target = NOWHERE, namespace }) => surroundingsOf({ target, namespace }),
  error: (plan, failure, examination) => operationError(failure, caseOf(plan), examination),
};

const REMOUNTED = 2; // src-native/bind.h

const BIND: Driven<BindPlan, native.Made, Mount> = {
  ...BIND_CALL,
  channel: new OperationChannel('mountBind'),
  finish: (plan, { mountId, way }) => handle(plan, mountId, way === REMOUNTED ? 'remount' : 'tree', false),
  reuse: {
    look: lookAtBind,
    same: (plan, { id }) => handle(plan, id, 'tree', true),
    other: (plan, why) => notTheSame(caseOf(plan), why),
  },
};

function handle({ lasting, namespace, change }: BindPlan, id: bigint, strategy: MountStrategy, reused: boolean): Mount {
  return new Mount({ target: lasting as TargetWords, namespace, id, strategy, reused, isTree: change[3] });
}
