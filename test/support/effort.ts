// Most of the time of the suite goes into loops that look for what happens once in a thousand times. Where that was done
// already, or where a machine is emulated, test/run.js and test/kernels ask for a share of it.

const EFFORT = Number(process.env['LINUX_MOUNT_EFFORT'] ?? 1);
const PATIENCE = Number(process.env['LINUX_MOUNT_PATIENCE'] ?? 1);

/**
 * How often a loop that looks for what happens seldom is to run here.
 *
 * @param count how often at full effort
 * @param least how often it must run to test anything
 */
export function times(count: number, least = 1): number {
  return Math.max(Math.min(least, count), Math.ceil(count * EFFORT));
}

/** A limit of time, in milliseconds, of a machine as fast as most; a slower one gets more. */
export function patience(milliseconds: number): number {
  return milliseconds * PATIENCE;
}
