// mountTmpfs(): mounts a filesystem in memory.
import type { Target } from '../../arguments/target.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import type { Mount } from '../handle.js';
import { FILESYSTEM } from './mount-filesystem.js';
import type { FilesystemPlan } from './plan.js';
import { planTmpfs, type TmpfsOptions } from './tmpfs-plan.js';

const TMPFS: Operation<FilesystemPlan, 'filesystem', Mount> = {
  ...FILESYSTEM,
  channel: new OperationChannel('mountTmpfs'),
};

/**
 * Mounts a filesystem in memory: mount(2) with type `tmpfs`. Unmounting deletes all files of the filesystem.
 *
 * @param target the mount point, or a path inside a root
 * @returns a handle to the mount
 * @throws {@link MountError} with a `reason`
 * @throws `TypeError` or `RangeError` with Node's codes if an argument is invalid; an `AbortError`
 * @example
 * ```ts
 * await using cache = await mountTmpfs('/run/cache', { size: '64m', mode: 0o700, noSuid: true, noDev: true });
 * ```
 * @see https://man7.org/linux/man-pages/man5/tmpfs.5.html
 */
export async function mountTmpfs(target: Target, options: TmpfsOptions = {}): Promise<Mount> {
  return run(TMPFS, planTmpfs(target, options));
}

/** Mounts a filesystem in memory on the calling thread: the synchronous form of {@link mountTmpfs}. */
export function mountTmpfsSync(target: Target, options: TmpfsOptions = {}): Mount {
  return runSync(TMPFS, planTmpfs(target, options));
}
