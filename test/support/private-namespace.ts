import { readlinkSync } from 'node:fs';

/** Tests mount things. They refuse to do so anywhere but in a mount namespace that the test command has made. */
export default function refuseToMountOnTheMachine(): void {
  const outside = process.env['LINUX_MOUNT_OUTSIDE'];
  if (outside === undefined || outside === readlinkSync('/proc/self/ns/mnt')) {
    throw new Error('These tests mount things: run them with `npm test`, which makes a mount namespace for them.');
  }
}
