import { type MountError, mountSync, umountSync } from '../../lib/index.js';
import { isRealRoot } from './environment.js';
import type { Place } from './place.js';

/** Why MNT_FORCE may not be used in a user namespace: some older kernels let only root of the machine. */
export function lackOfForce(place: Place): string | undefined {
  const target = place.directory('force');
  mountSync('probe', target, 'tmpfs');
  try {
    umountSync(target, { force: true });
    return undefined;
  } catch (error) {
    const { code, reason } = error as MountError;
    if (isRealRoot || code !== 'EPERM' || !reason?.startsWith('force needs CAP_SYS_ADMIN')) throw error;
    umountSync(target);
    return 'this kernel lets only root of the machine use force';
  }
}
