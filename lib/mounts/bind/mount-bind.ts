// mountBind(): bind-mounts a directory or a file.
import { keptFlags } from '../../arguments/attributes.js';
import type { PathLike } from '../../arguments/check.js';
import { DETACHED_TARGET, type Target } from '../../arguments/target.js';
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
 * Bind-mounts a directory or a file: open_tree(2), mount_setattr(2), move_mount(2). The new mount gets its attributes
 * before it is attached, so that a read-only bind is never writable. With `recursive` every mount below gets its
 * attributes before it is attached too. The bind keeps `nosuid`, `nodev` and `noexec` of its source. Before the
 * operation succeeds, the addon verifies the attributes.
 *
 * Without mount_setattr(2) (before Linux 5.12, or in a sandbox) the new mount gets its attributes in a private mount
 * namespace. If a sandbox denies the namespace or open_tree(2), the addon bind-mounts and then remounts each mount: for
 * a moment the bind is as writable as its source, and the addon unmounts the bind if a step fails. `mount.strategy`
 * reports the strategy that was used.
 *
 * @param source a directory or a file; a symbolic link is followed
 * @param target the mount point: a file for a file, a directory for a directory
 * @returns a handle to the bind
 * @throws {@link MountError} with a `reason`: `ENOENT` if a path does not exist; `ENOTDIR` for a file over a directory;
 *   `EINVAL` if the source is unbindable; `EPERM` without CAP_SYS_ADMIN, or if attributes are locked; `EBUSY` because
 *   of `ifMounted`
 * @throws `TypeError` or `RangeError` with Node's codes if an argument is invalid; an `AbortError`
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
 * Bind-mounts a directory or a file on the calling thread: the synchronous form of {@link mountBind}.
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

/** The part of the operation that attached and detached binds have in common. */
export const BIND_CALL: Omit<Operation<BindPlan, 'bind', never>, 'channel' | 'result'> = {
  subject: ({ source, target }) => ({ source, target }),
  call: native.bind,
  arguments: ({ source, target, change, idMap, ifMounted, namespace }, cancellation) => ({
    source,
    target: target ?? DETACHED_TARGET,
    change,
    idMap,
    detached: target === undefined,
    requireUnmounted: ifMounted === 'error',
    namespace,
    cancellation,
  }),
  error: (plan, failure) => operationError(failure, caseOf(plan)),
};

const BIND: Operation<BindPlan, 'bind', Mount> = {
  ...BIND_CALL,
  channel: new OperationChannel('mountBind'),
  result: (plan, { mountId, strategy }) =>
    handle(plan, mountId, strategy === BIND_STRATEGIES.remount ? 'remount' : 'tree', false),
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
