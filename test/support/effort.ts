// How often long loops run, and how long time limits are. Most of the time of the suite goes into loops that look for
// an event that happens once in a thousand runs. `npm test` runs a small share of each loop, `npm run test:all` runs
// each loop in full.

/** The share of every loop that the command runs. test/run.js and test/vm set the variable. */
const EFFORT = Number(process.env['LINUX_MOUNT_EFFORT'] ?? 1);
/** The share of a loop that this pass repeats after the pass `root`. test/run.js sets the variable. */
const SHARE = Number(process.env['LINUX_MOUNT_SHARE'] ?? 1);
const PATIENCE = Number(process.env['LINUX_MOUNT_PATIENCE'] ?? 1);

/**
 * Returns how often a loop that looks for a rare event runs in this pass.
 *
 * @param count the number of runs at full effort in the pass `root`
 * @param least the number of runs below which the loop tests nothing
 */
export function times(count: number, least = 1): number {
  return scaled(count, least, EFFORT * SHARE);
}

/**
 * Returns how often a loop runs that every pass runs in full at full effort. The unit may also be milliseconds or
 * bytes.
 *
 * @param count the number of runs at full effort
 * @param least the number of runs below which the loop tests nothing
 */
export function inEveryPass(count: number, least: number): number {
  return scaled(count, least, EFFORT);
}

function scaled(count: number, least: number, share: number): number {
  return Math.max(Math.min(least, count), Math.ceil(count * share));
}

/** Returns a time limit for this machine, from the limit in milliseconds on a machine of usual speed. */
export function patience(milliseconds: number): number {
  return milliseconds * PATIENCE;
}
