// How long loops run and limits last. Most of the suite's time goes into loops that look for what happens once in a
// thousand times; `npm test` runs a small share of each, `npm run test:all` each in full.

/** The share of every loop that the command asks for: test/run.js, test/vm. */
const EFFORT = Number(process.env['LINUX_MOUNT_EFFORT'] ?? 1);
/** The share of a loop that this pass repeats after the pass `root`: test/run.js. */
const SHARE = Number(process.env['LINUX_MOUNT_SHARE'] ?? 1);
const PATIENCE = Number(process.env['LINUX_MOUNT_PATIENCE'] ?? 1);

/**
 * How often a loop that looks for a rare event runs in this pass.
 *
 * @param count how often at full effort in the pass `root`
 * @param least how often the loop must run to test anything
 */
export function times(count: number, least = 1): number {
  return scaled(count, least, EFFORT * SHARE);
}

/**
 * How often a loop runs that every pass runs in full at full effort; milliseconds, or a size, as well.
 *
 * @param count how often at full effort
 * @param least how often the loop must run to test anything
 */
export function inEveryPass(count: number, least: number): number {
  return scaled(count, least, EFFORT);
}

function scaled(count: number, least: number, share: number): number {
  return Math.max(Math.min(least, count), Math.ceil(count * share));
}

/** A limit of time, in milliseconds, of a machine as fast as most; a slower one gets more. */
export function patience(milliseconds: number): number {
  return milliseconds * PATIENCE;
}
