import { type Mount, readMountTableSync } from '../../lib/index.js';

/**
 * Why the mount table has no entry with the id of a handle: statx(2) tells the id that is never used again, and what reads
 * it for the whole table, listmount(2), is denied. No kernel is like that, a sandbox may be.
 */
export function lacksLastingIds(mount: Mount): string | undefined {
  const FIRST_LASTING = 2n ** 31n; // fs/namespace.c, MNT_UNIQUE_ID_OFFSET
  const isKnown = mount.id < FIRST_LASTING || readMountTableSync().byId(mount.id) !== undefined;
  return isKnown ? undefined : 'the mount table has no lasting ids here, and handles have (listmount is denied)';
}
