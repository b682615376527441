// Reasons to skip a test: which mounts this kernel allows this user. Each reason is undefined where the feature works.
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttachOptions,
  type DetachedMount,
  detachedBindSync,
  type Mount,
  type MountError,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  type OverlayMountOptions,
  type OverlayStrategy,
  readMountTableSync,
  umountSync,
} from '../../lib/index.js';
import { isRealRoot } from './environment.js';
import type { Place } from './place.js';
import { thrownBy } from './values.js';

/** The synchronous and the asynchronous form of mountOverlay; each returns a promise. */
export const overlayForms = [
  ['sync', async (options: OverlayMountOptions) => mountOverlaySync(options)],
  ['async', mountOverlay],
] as const;

/** The names of all strategies of mountOverlay. */
export const overlayStrategies: readonly OverlayStrategy[] = ['data', 'fsconfig', 'descriptors'];

const lacking = new Map(overlayStrategies.map((strategy) => [strategy, tryStrategy(strategy)]));

/** Why this kernel cannot mount an overlay by a strategy. */
export function lacksStrategy(strategy: OverlayStrategy): string | undefined {
  return lacking.get(strategy);
}

/** Why this user cannot mount any overlay: a user namespace may mount overlays since Linux 5.11. */
export const lacksOverlay: string | undefined = lacking.get('data');

function tryStrategy(strategy: OverlayStrategy): string | undefined {
  const [top, base, target] = ['top', 'base', 'target'].map((name) => mkdtempSync(join(tmpdir(), `${name}-`)));
  try {
    mountOverlaySync({ lower: [top as string, base as string], target: target as string, strategy }).unmountSync();
    return undefined;
  } catch (error) {
    const { code } = error as { code: string };
    return `this kernel cannot mount an overlay by the strategy "${strategy}" here (${code})`;
  } finally {
    for (const directory of [top, base, target]) rmdirSync(directory as string);
  }
}

/** Why this kernel has no detached mounts, cannot copy a detached mount, and cannot attach one beneath another mount. */
export const [lacksDetached, lacksClone, lacksBeneath]: readonly (string | undefined)[] = (() => {
  let mount: DetachedMount;
  try {
    mount = detachedBindSync(tmpdir());
  } catch (error) {
    const { code, syscall } = error as { code: string; syscall: string };
    const why = `this kernel has no detached mounts here (${code} from ${syscall})`;
    return [why, why, why];
  }
  // A kernel without the feature rejects the call before it looks up the target, which does not exist.
  const step = (options: AttachOptions) =>
    (thrownBy(() => mount.attachSync('/missing', options)) as { step: string }).step;
  const lacks = [
    step({ clone: true }) === 'clone' ? 'this kernel cannot copy a detached mount (Linux 6.15)' : undefined,
    step({ beneath: true }) === 'choose beneath' ? 'this kernel has no MOVE_MOUNT_BENEATH (Linux 6.5)' : undefined,
  ];
  mount.closeSync();
  return [undefined, ...lacks];
})();

/** Why a user namespace cannot use MNT_FORCE: some older kernels require CAP_SYS_ADMIN in the initial user namespace. */
export function lacksForce(place: Place): string | undefined {
  const target = place.directory('force');
  mountSync('probe', target, 'tmpfs');
  try {
    umountSync(target, { force: true });
    return undefined;
  } catch (error) {
    const { code, reason } = error as MountError;
    if (isRealRoot || code !== 'EPERM' || !reason?.startsWith('force needs CAP_SYS_ADMIN')) throw error;
    umountSync(target);
    return 'this kernel allows force only to root of the initial user namespace';
  }
}

/**
 * Why the mount table has no entry with the unique mount ID of a handle: statx(2) returns the unique mount ID, and a
 * sandbox denies listmount(2), which returns the unique mount IDs of the whole table. No kernel lacks only listmount(2).
 */
export function lacksUniqueIds(mount: Mount): string | undefined {
  const FIRST_UNIQUE_ID = 2n ** 31n; // fs/namespace.c, MNT_UNIQUE_ID_OFFSET
  const isKnown = mount.id < FIRST_UNIQUE_ID || readMountTableSync().byId(mount.id) !== undefined;
  return isKnown
    ? undefined
    : 'listmount(2) is denied, so the mount table lacks the unique mount IDs that handles have';
}
