// mountFilesystem(): mounts a filesystem of any type.
import type { PathLike } from '../../arguments/check.js';
import { DETACHED_TARGET, type Target } from '../../arguments/target.js';
import { type Failure, native } from '../../kernel/native.js';
import type { NativeTarget } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { notTheSame, type OperationCase, operationError } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';
import { type FilesystemOptions, type FilesystemPlan, planFilesystem } from './plan.js';
import { withoutValues } from './redact-log.js';
import { probeFilesystem } from './reuse.js';

/**
 * Mounts a filesystem of any type: mount(2), or fsopen(2), fsconfig(2), fsmount(2) and move_mount(2) if the parameters
 * do not fit into an option string. To mount an overlay, prefer {@link mountOverlay}; for memory, prefer
 * {@link mountTmpfs}.
 *
 * As with mount(2), `readonly` makes the filesystem itself read-only, and not only the new mount.
 *
 * @param source a device, or another source that the filesystem accepts; null if the filesystem needs no source
 * @param target the mount point, or a path inside a root
 * @param fsType a type from `/proc/filesystems`, such as `'ext4'` or `'proc'`
 * @returns a handle to the mount
 * @throws {@link MountError} with a `reason`, and with the kernel's messages in `kernelLog`
 * @throws `TypeError` or `RangeError` with Node's codes if an argument is invalid; an `AbortError`
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
 * Mounts a filesystem of any type on the calling thread: the synchronous form of {@link mountFilesystem}.
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

const NO_PARAMETERS: readonly never[] = [];

function caseOf({ source, target, fsType, flags, parameters, idMap, namespace }: FilesystemPlan): OperationCase {
  const { userNamespace } = idMap;
  return { source, target, fsType, flags, hasData: parameters.words.length > 0, namespace, userNamespace };
}

// The parameters of overlayfs contain no secrets, and their paths explain most failures.
function withoutSecrets({ fsType, parameters: { words } }: FilesystemPlan, failure: Failure): Failure {
  return fsType === 'overlay' ? failure : withoutValues(failure, words);
}

/** The part of the operation that attached and detached filesystems have in common. */
export const FILESYSTEM_CALL: Omit<Operation<FilesystemPlan, 'filesystem', never>, 'channel' | 'result'> = {
  subject: ({ source, target, fsType, parameters: { words } }) => ({ source, target, fsType, words }),
  call: native.filesystem,
  arguments: (plan, cancellation) => {
    const { source, target, fsType, parameters, flags, isByData, idMap, ifMounted, namespace } = plan;
    return {
      source,
      target: target ?? DETACHED_TARGET,
      fsType,
      parameters: isByData ? NO_PARAMETERS : parameters.words,
      flags,
      data: isByData ? parameters.data : null,
      idMap,
      detached: target === undefined,
      requireUnmounted: ifMounted === 'error',
      namespace,
      cancellation,
    };
  },
  error: (plan, failure) => operationError(withoutSecrets(plan, failure), caseOf(plan)),
};

/** The operation that {@link mountFilesystem} runs. */
export const FILESYSTEM: Operation<FilesystemPlan, 'filesystem', Mount> = {
  ...FILESYSTEM_CALL,
  channel: new OperationChannel('mountFilesystem'),
  result: (plan, { mountId }) => handle(plan, mountId, plan.isByData ? 'data' : 'fsconfig', false),
  reuse: {
    probe: probeFilesystem,
    same: (plan, { id, strategy }) => handle(plan, id, strategy as MountStrategy, true),
    other: (plan, reason) => notTheSame(caseOf(plan), reason),
  },
};

function handle(plan: FilesystemPlan, id: bigint, strategy: MountStrategy, reused: boolean): Mount {
  const { absoluteTarget, namespace } = plan;
  return new Mount({ target: absoluteTarget as NativeTarget, namespace, id, strategy, reused });
}
