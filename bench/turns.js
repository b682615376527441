// Compares contenders in turns, so that changing conditions of the machine affect all contenders alike. The report has
// the median and the minimum of the turns, for times and for ratios.

/**
 * @typedef {object} Contender
 * @property {string} who the program or library that does the work
 * @property {string} how the form
 * @property {(times: number) => number | void | Promise<number | void>} [run] does the work `times` times, and returns
 * the nanoseconds if it measures them itself
 * @property {(times: number) => void} [before] the preparation of each turn, which is not measured
 * @property {number} [times] the repetitions in each turn, by default those of the limits
 * @property {string} [skipped] why the contender is not available; it has no `run` then
 * @property {number} [every] the contender takes part only in every n-th turn, because it takes long
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Returns the nanoseconds of one repetition. */
async function timed({ run, before, times }) {
  before?.(times);
  const start = process.hrtime.bigint();
  const pending = run(times);
  // The code awaits only promises, because an await would be part of the measured time.
  const own = pending instanceof Promise ? await pending : pending;
  return (own ?? Number(process.hrtime.bigint() - start)) / times;
}

/**
 * Measures contenders in turns, for this number of seconds, with at least and at most this number of turns. A contender
 * that fails is left out from then on and reported. This library must not fail.
 *
 * @param {Contender[]} contenders the first is the reference
 * @param {{ seconds: number, least: number, most: number, times: number, isLibrary: (contender: Contender) => boolean }}
 * limits
 * @returns {Promise<{ turns: number, entries: object[] }>} for each contender in nanoseconds `median` and `minimum`; as
 * multiples of the first contender `ratio`, the median of the ratios of the turns, and `leastRatio`, the ratio of the
 * minimums; or `skipped`
 */
export async function compare(contenders, { seconds, least, most, times, isLibrary }) {
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
        if (isLibrary(contender)) throw error;
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
