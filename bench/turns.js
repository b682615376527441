// How things are compared: in turns, first the one and then the other, so that all have the same weather; what is
// reported is the median of the turns, of times and of ratios, and the least of each.

/**
 * @typedef {object} Contender
 * @property {string} who whose work it is: C, this library, a program
 * @property {string} how in which form
 * @property {(times: number) => number | void | Promise<number | void>} [run] does its thing that many times, and gives the
 *   nanoseconds if it has measured them itself
 * @property {(times: number) => void} [before] what has to be there each time, which is not measured
 * @property {number} [times] in each turn, those of the limits unless said
 * @property {string} [skipped] why it is not there: it has nothing to run then
 * @property {number} [every] takes part in each so manieth turn only: what takes long
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Nanoseconds that a contender takes, for each of the times that it does its thing. */
async function timed({ run, before, times }) {
  before?.(times);
  const start = process.hrtime.bigint();
  const pending = run(times);
  // Nothing is awaited that need not be: a promise would be part of what is measured.
  const own = pending instanceof Promise ? await pending : pending;
  return (own ?? Number(process.hrtime.bigint() - start)) / times;
}

/**
 * Measures contenders in turns, for so many seconds, and for at least and at most so many turns. One that fails is left
 * out from then on, and its reason is told; only this library must not fail.
 *
 * @param {Contender[]} contenders the first is the yardstick
 * @param {{ seconds: number, least: number, most: number, times: number, isOurs: (contender: Contender) => boolean }} limits
 * @returns {Promise<{ turns: number, entries: object[] }>} of each contender in nanoseconds `median` and `minimum`; as
 *   multiples of the first `ratio`, the median of the turns' ratios, and `leastRatio`, that of the minimums; or `skipped`
 */
export async function compare(contenders, { seconds, least, most, times, isOurs }) {
  const racers = contenders.map((contender) => ({
    contender,
    nanoseconds: [],
    ratios: [],
    skipped: contender.skipped,
  }));
  const warmUp = Math.ceil(least / 4) + 1;
  let end = Number.POSITIVE_INFINITY;
  let turn = -warmUp;
  for (; turn < least || (turn < most && performance.now() < end); turn += 1) {
    if (turn === 0) end = performance.now() + seconds * 1000;
    let yardstick = 0;
    for (const racer of racers) {
      const { contender } = racer;
      if (racer.skipped !== undefined || turn % (contender.every ?? 1) !== 0) continue;
      let nanoseconds;
      try {
        nanoseconds = await timed({ times, ...contender });
      } catch (error) {
        if (isOurs(contender)) throw error;
        racer.skipped = error.message;
        continue;
      }
      yardstick ||= nanoseconds;
      if (turn < 0) continue;
      racer.nanoseconds.push(nanoseconds);
      racer.ratios.push(nanoseconds / yardstick);
    }
  }
  const first = racers.find(({ skipped }) => skipped === undefined);
  const least0 = first === undefined ? Number.NaN : Math.min(...first.nanoseconds);
  const entries = racers.map(({ contender: { who, how }, nanoseconds, ratios, skipped }) => {
    if (skipped !== undefined) return { who, how, skipped };
    const minimum = Math.min(...nanoseconds);
    return { who, how, median: median(nanoseconds), minimum, ratio: median(ratios), leastRatio: minimum / least0 };
  });
  return { turns: turn, entries };
}
