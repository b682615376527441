// The forms of this library as contenders (turns.js).
const WHO = 'linux-mount';

/** Calls on the calling thread: `action(index)`, one after another. */
export function librarySync(how, action, more) {
  const run = (count) => {
    for (let index = 0; index < count; index += 1) action(index);
  };
  return { who: WHO, how, run, ...more };
}

/** Asynchronous calls, each awaited before the next starts. */
export function libraryAsync(how, action, more) {
  const run = async (count) => {
    for (let index = 0; index < count; index += 1) await action(index);
  };
  return { who: WHO, how, run, ...more };
}

/** Asynchronous calls at once: all `first(index)`, and then all `then(index, result of the first)`. */
export function libraryAtOnce(times, first, then, more) {
  const indexes = Array.from({ length: times }, (_, index) => index);
  const run = async () => {
    const results = await Promise.all(indexes.map((index) => first(index)));
    if (then !== undefined) await Promise.all(results.map((result, index) => then(index, result)));
  };
  return { who: WHO, how: `${times} at once`, run, times, ...more };
}
