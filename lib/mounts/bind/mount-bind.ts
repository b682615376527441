import { keptFlags } from '../../arguments/attributes.js';
import type { PathLike } from '../../arguments/check.js';
import { DETACHED_TARGET, surroundingsOf, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, run, runSync } from '../../operation/driver.js';
import { notTheSame, type OperationCase, operationError, operationQuestions } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';
import { type BindOptions, type BindPlan, planBind } from './plan.js';
import { lookAtBind } from './reuse.js';

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
  const { source, target = DETACHED_TARGET, change, idMap, ifMounted, namespace } = plan;
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
  surroundings: ({ target = DETACHED_TARGET, namespace }) => surroundingsOf({ target, namespace }),
  error: (plan, failure, examination) => operationError(failure, caseOf(plan), examination),
};

const REMOUNTED = 2; // src-native/mount/bind.h

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

function handle(
  { handleTarget, namespace, change }: BindPlan,
  id: bigint,
  strategy: MountStrategy,
  reused: boolean,
): Mount {
  return new Mount({ target: handleTarget as TargetWords, namespace, id, strategy, reused, isTree: change[3] });
}
