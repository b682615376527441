// How things are compared: in turns, first the one and then the other, so that both have the same weather; what is
// reported is the median of the turns' ratios.

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Nanoseconds that an action takes, for each of the times that it does its thing. */
async function timed(action, times) {
  const start = process.hrtime.bigint();
  const pending = action(times);
  // Nothing is awaited that need not be: a promise would be part of what is measured.
  if (pending !== undefined) await pending;
  return Number(process.hrtime.bigint() - start) / times;
}

/**
 * Measures several actions in turns.
 *
 * @param {Record<string, { run: (times: number) => void | Promise<void>, times?: number }>} actions the first is the
 *   yardstick; `times` of it in each turn
 * @param {{ turns: number, warmUp: number }} counts
 * @returns {Promise<Record<string, { nanoseconds: number, ratio: number }>>} medians over the turns
 */
export async function compare(actions, { turns, warmUp }) {
  const names = Object.keys(actions);
  const samples = Object.fromEntries(names.map((name) => [name, { nanoseconds: [], ratio: [] }]));
  for (let turn = -warmUp; turn < turns; turn += 1) {
    let yardstick = 0;
    for (const name of names) {
      const { run, times = 100 } = actions[name];
      const nanoseconds = await timed(run, times);
      yardstick ||= nanoseconds;
      if (turn < 0) continue;
      samples[name].nanoseconds.push(nanoseconds);
      samples[name].ratio.push(nanoseconds / yardstick);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, { nanoseconds: median(samples[name].nanoseconds), ratio: median(samples[name].ratio) }]),
  );
}
