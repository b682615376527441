import type { PathLike } from '../../arguments/check.js';
import { DETACHED_TARGET, surroundingsOf, type Target } from '../../arguments/target.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, run, runSync } from '../../operation/driver.js';
import { notTheSame, type OperationCase, operationError, operationQuestions } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';
import { type FilesystemOptions, type FilesystemPlan, planFilesystem } from './plan.js';
import { withoutValues } from './redact-log.js';
import { lookAtFilesystem } from './reuse.js';

/**
 * Mounts a filesystem of any type: mount(2), or fsopen(2), fsconfig(2), fsmount(2) and move_mount(2) where an option string
 * cannot hold the parameters. For overlays there is {@link mountOverlay}, for memory {@link mountTmpfs}.
 *
 * `readonly` makes the filesystem itself read-only, as with mount(2), and not only this mount of it.
 *
 * @param source a device, or what the filesystem takes for one; null where it needs none
 * @param target the mount point, or a place inside a root
 * @param fsType `'ext4'`, `'proc'` … as in `/proc/filesystems`
 * @throws {@link MountError} with the `reason`, and what the kernel wrote in `kernelLog`; `TypeError` or `RangeError`
 *   with Node's codes; an `AbortError`
 * @example
 * ```ts
 * await using data = await mountFilesystem('/dev/sdb1', '/data', 'ext4', {
 *   parameters: { errors: 'remount-ro', commit: 30, nodiscard: true },
 *   noDev: true,
 * });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function mountFilesystem(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions = {},
): Promise<Mount> {
  return run(FILESYSTEM, planFilesystem(source, target, fsType, options));
}

/**
 * {@link mountFilesystem} on the calling thread.
 *
 * @example
 * ```ts
 * using proc = mountFilesystemSync('proc', '/jail/proc', 'proc', { noSuid: true, noDev: true, noExec: true });
 * ```
 */
export function mountFilesystemSync(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions = {},
): Mount {
  return runSync(FILESYSTEM, planFilesystem(source, target, fsType, options));
}

// One by one: to spread them takes longer than to check them all.
function callWith<T>(
  call: (...plan: native.FilesystemArguments) => T,
  plan: FilesystemPlan,
  ticket: native.Ticket | null,
): T {
  const { source, target = DETACHED_TARGET, fsType, parameters, flags, isByData, idMap, ifMounted, namespace } = plan;
  const [path, root, create, resolve] = target;
  const [userNamespace, uids, gids] = idMap;
  const words = isByData ? NO_WORDS : parameters.words;
  const data = isByData ? parameters.data : null;
  const isDetached = plan.target === undefined;
  // biome-ignore format: one call, and one line for each part of it
  return call(
    source, path, root, create, resolve, fsType, words, flags, data, userNamespace, uids, gids,
    isDetached, ifMounted === 'error', namespace, ticket,
  );
}

const NO_WORDS: readonly never[] = [];

function caseOf({ source, target, fsType, flags, parameters, idMap, namespace }: FilesystemPlan): OperationCase {
  const [userNamespace] = idMap;
  return { source, target, fsType, flags, hasData: parameters.words.length > 0, namespace, userNamespace };
}

// The values of overlayfs are paths of layers and words that everybody knows, and the paths are what explains.
function withoutSecrets({ fsType, parameters: { words } }: FilesystemPlan, failure: native.Failure): native.Failure {
  return fsType === 'overlay' ? failure : withoutValues(failure, words);
}

/** What filesystems with and without a place have in common. */
export const FILESYSTEM_CALL: Omit<Driven<FilesystemPlan, native.Made, never>, 'channel' | 'finish'> = {
  subject: ({ source, target, fsType, parameters: { words } }) => ({ source, target, fsType, words }),
  start: (plan, ticket) => callWith(native.filesystem, plan, ticket),
  startSync: (plan) => callWith(native.filesystemSync, plan, null),
  questions: (plan, failure) => operationQuestions(failure, caseOf(plan)),
  surroundings: ({ target = DETACHED_TARGET, namespace }) => surroundingsOf({ target, namespace }),
  error: (plan, failure, examination) => operationError(withoutSecrets(plan, failure), caseOf(plan), examination),
};

/** A filesystem with a place. */
export const FILESYSTEM: Driven<FilesystemPlan, native.Made, Mount> = {
  ...FILESYSTEM_CALL,
  channel: new OperationChannel('mountFilesystem'),
  finish: (plan, { mountId }) => handle(plan, mountId, plan.isByData ? 'data' : 'fsconfig', false),
  reuse: {
    look: lookAtFilesystem,
    same: (plan, { id, strategy }) => handle(plan, id, strategy as MountStrategy, true),
    other: (plan, reason) => notTheSame(caseOf(plan), reason),
  },
};

function handle(
  { handleTarget, namespace }: FilesystemPlan,
  id: bigint,
  strategy: MountStrategy,
  reused: boolean,
): Mount {
  return new Mount({ target: handleTarget as TargetWords, namespace, id, strategy, reused });
}
