// The global setup of vitest: refuses to run tests in the machine's own mount namespace.
import { readlinkSync } from 'node:fs';

/** Throws unless `npm test` has made a mount namespace for the tests, because the tests mount. */
export default function refuseToMountOnTheMachine(): void {
  const outside = process.env['LINUX_MOUNT_OUTSIDE'];
  if (outside === undefined || outside === readlinkSync('/proc/self/ns/mnt')) {
    throw new Error('These tests mount things: run them with `npm test`, which makes a mount namespace for them.');
  }
}
