// Measures whether a process is as before: what can be counted must be equal, and memory must not grow.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, descriptorNames, libraryThreads } from '../../support/own-process.js';

export const leaking = createRequire(import.meta.url)('../../native/build/Release/leaking.node');

const table = (pid) =>
  readFileSync(`/proc/${pid}/mountinfo`, 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(3).join(' '));

/** Returns everything that can be counted. */
export function state(child) {
  return {
    'mounts here': table('self'),
    'mounts in the other namespace': table(child),
    descriptors: descriptorNames(),
    "the library's threads": libraryThreads(),
    children: children().sort(),
    directories: readdirSync(tmpdir()).sort(),
    'working directory': [process.cwd()],
    umask: [process.umask()],
  };
}

/** Returns the entries of a list that the other list lacks, each as often as it is missing. */
function without(list, other) {
  const rest = [...other];
  return list.filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

const differences = (before, now) =>
  Object.keys(before).flatMap((name) => {
    const [more, less] = [without(now[name], before[name]), without(before[name], now[name])];
    return [...more.map((what) => `${name}: + ${what}`), ...less.map((what) => `${name}: - ${what}`)];
  });

/**
 * Waits until everything is as before: a thread ends after a second without work, the garbage collector runs, and
 * aborted operations are undone.
 *
 * @param patience the longest wait in milliseconds
 * @returns the differences that remain
 */
export async function differenceTo(before, child, patience) {
  for (const end = Date.now() + patience; ; await sleep(50)) {
    globalThis.gc();
    const found = differences(before, state(child));
    if (found.length === 0 || Date.now() > end) return found;
  }
}

/** Returns the memory that the process uses. */
export async function memory() {
  // Finalizers run in a later turn of the event loop.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc();
    await sleep(1);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { 'resident set': rss, 'native heap': leaking.bytesInUse() ?? 0, 'heap of V8': heapUsed + external };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const KIB = 1024;

// The growth of the median that is no leak. `once` allows for compiled code, caches and partly used pages, which come
// late and stay. `each` is the growth for each operation in between, so that a run may have any length. In 40,000
// operations the native heap grew by 3 bytes per operation and by 1 at the end, the heap of V8 by 30 and by 9 at the
// end, and the resident set by nothing after 16 MiB at the start. Each kind is one of twenty-five kinds of operations,
// so a leak of 200 bytes in one kind is found.
const ALLOWED = {
  'resident set': { once: 24_576 * KIB, each: 64 },
  'native heap': { once: 512 * KIB, each: 8 },
  'heap of V8': { once: 1024 * KIB, each: 16 },
};
/** The number of samples below which the growth has no meaning. */
const LEAST = 8;

/**
 * Compares the last quarter of the rounds with the second quarter, because the first quarter still fills caches.
 *
 * @param samples the memory after each round, with the number of operations until then
 */
export function growth(samples) {
  if (samples.length < LEAST) return [];
  const quarter = Math.floor(samples.length / 4);
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const of = (window, name) => median(window.map((sample) => sample[name]));
  const operations = of(late, 'operations') - of(early, 'operations');
  return Object.entries(ALLOWED).map(([name, { once, each }]) => {
    const more = of(late, name) - of(early, name);
    const allowed = once + each * operations;
    return { name, early: of(early, name), late: of(late, name), more, allowed, operations, isTooMuch: more > allowed };
  });
}
