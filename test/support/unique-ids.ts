// Says whether the mount table in this environment has unique mount IDs, for tests that look up a handle's mount in it.
import { type Mount, readMountTableSync } from '../../lib/index.js';

/**
 * Why the mount table has no entry with the unique mount ID of a handle, or undefined when the table has that entry. A
 * sandbox may allow statx(2), which reads the unique mount ID of one mount, and deny listmount(2), which reads the
 * unique mount IDs of the whole table. No kernel behaves like this by itself.
 */
export function lacksUniqueIds(mount: Mount): string | undefined {
  const FIRST_UNIQUE = 2n ** 31n; // fs/namespace.c, MNT_UNIQUE_ID_OFFSET
  const isKnown = mount.id < FIRST_UNIQUE || readMountTableSync().byId(mount.id) !== undefined;
  return isKnown ? undefined : 'the mount table has no unique mount IDs, and handles have them (listmount is denied)';
}
