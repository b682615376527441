import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, descriptorNames, libraryThreads } from '../../support/own-process.js';

// What a process has, and whether it is as before: to the last piece what can be counted, and memory by its growth.

export const leaking = createRequire(import.meta.url)('../../native/build/Release/leaking.node');

const table = (pid) =>
  readFileSync(`/proc/${pid}/mountinfo`, 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(3).join(' '));

/** What can be counted. */
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

/** What is in one list and not in the other, each as often as it is there. */
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
 * Waits until all is as before: threads end after a second, garbage is collected, what was cancelled is undone.
 *
 * @param patience for how long
 * @returns what is different to the last
 */
export async function differenceTo(before, child, patience) {
  for (const end = Date.now() + patience; ; await sleep(50)) {
    globalThis.gc();
    const found = differences(before, state(child));
    if (found.length === 0 || Date.now() > end) return found;
  }
}

/** What the process needs of memory now. */
export async function memory() {
  // Finalizers run in a turn of their own.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc();
    await sleep(1);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { 'resident set': rss, 'native heap': leaking.bytesInUse() ?? 0, 'heap of V8': heapUsed + external };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const KIB = 1024;

// By how much the median may be more, though nothing is lost. Once: for what comes late and stays, code that is compiled,
// caches, pages that are half used. And by each operation in between, so that the run may be as long as one likes: in
// 40,000 operations the native heap grew by 3 bytes for each and in the end by 1, that of V8 by 30 and in the end by 9,
// and the resident set by none, after 16 MiB at first. One kind of operation is one in twenty-five: of it 200 bytes are found, each time.
const ALLOWED = {
  'resident set': { once: 24_576 * KIB, each: 64 },
  'native heap': { once: 512 * KIB, each: 8 },
  'heap of V8': { once: 1024 * KIB, each: 16 },
};
/** So few samples say nothing. */
const LEAST = 8;

/**
 * Whether memory grows without end: the last quarter of the rounds against the second, as the first still sets up.
 *
 * @param samples after each round, with the number of operations until then
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
