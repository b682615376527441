import { keptFlags } from '../../arguments/attributes.js';
import type { PathLike } from '../../arguments/check.js';
import { NOWHERE, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { BIND_STRATEGIES, native } from '../../kernel/native.js';
import type { NativeTarget } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { notTheSame, type OperationCase, operationError } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';
import { type BindOptions, type BindPlan, planBind } from './plan.js';
import { probeBind } from './reuse.js';

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

function caseOf({ source, target, change, idMap, namespace }: BindPlan): OperationCase {
  const { set, clear, recursive } = change;
  const { userNamespace } = idMap;
  const flags = constants.MS_BIND | (recursive ? constants.MS_REC : 0);
  return { source, target, fsType: null, flags, kept: keptFlags(set, clear), hasData: false, namespace, userNamespace };
}

/** What attached and detached binds have in common. */
export const BIND_CALL: Omit<Operation<BindPlan, 'bind', never>, 'channel' | 'result'> = {
  subject: ({ source, target }) => ({ source, target }),
  call: native.bind,
  arguments: ({ source, target, change, idMap, ifMounted, namespace }, cancellation) => ({
    source,
    target: target ?? NOWHERE,
    change,
    idMap,
    detached: target === undefined,
    vacant: ifMounted === 'error',
    namespace,
    cancellation,
  }),
  error: (plan, failure) => operationError(failure, caseOf(plan)),
};

const BIND: Operation<BindPlan, 'bind', Mount> = {
  ...BIND_CALL,
  channel: new OperationChannel('mountBind'),
  result: (plan, { mountId, way }) =>
    handle(plan, mountId, way === BIND_STRATEGIES.remount ? 'remount' : 'tree', false),
  reuse: {
    probe: probeBind,
    same: (plan, { id }) => handle(plan, id, 'tree', true),
    other: (plan, reason) => notTheSame(caseOf(plan), reason),
  },
};

function handle(
  { absoluteTarget, namespace, change }: BindPlan,
  id: bigint,
  strategy: MountStrategy,
  reused: boolean,
): Mount {
  return new Mount({
    target: absoluteTarget as NativeTarget,
    namespace,
    id,
    strategy,
    reused,
    isTree: change.recursive,
  });
}
