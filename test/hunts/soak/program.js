// The process of the soak test, which runs rounds of lanes and compares its state after each; run.js starts it in its
// own mount namespace.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { functionNames } from '../../support/library.js';
import { processInOtherNamespace } from '../../support/namespaces.js';
import { Scene } from '../faults/scene.js';
import { Random } from '../fuzz/random.js';
import { Lane, prepare } from './lane.js';
import { lose } from './leaks.js';
import { differenceTo, growth, memory, state } from './measures.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    rounds: { type: 'string', default: 'Infinity' },
    operations: { type: 'string', default: '25' }, // of each lane in a round
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '15000' }, // milliseconds after a round
    leak: { type: 'string' },
  },
});
const seed = Number(values.seed);
const LANES = 6;
const CANCELLING = 2; // the lanes that abort operations
const ENOUGH = 4000; // operations after which every function was called in both forms
const EVERY = 3; // one round in so many has workers

/** Runs two lanes in a worker that is terminated while they run, in a scene of their own. */
async function terminated(child, random) {
  const scene = new Scene([child]);
  const shared = prepare(scene);
  const workerData = { shared, child: child.pid, seed: random.below(2 ** 30) };
  const worker = new Worker(new URL('worker.js', import.meta.url), { workerData });
  const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
  await Promise.race([once(worker, 'message'), failed]);
  await Promise.race([sleep(random.below(400)), failed]);
  failed.catch(() => {}); // an error of the terminated worker does not count
  await worker.terminate();
  return scene;
}

const totals = { calls: new Map(), counts: new Map() };

async function round(number, child) {
  const random = new Random(seed + number);
  const scene = new Scene([child]);
  const shared = prepare(scene);
  const before = scene.state();
  const lanes = Array.from(
    { length: LANES },
    (_, index) =>
      new Lane(`lane${index}`, random.below(2 ** 30), shared, { child: child.pid, isCancelling: index < CANCELLING }),
  );
  const worker = (seed + number) % EVERY === 0 ? terminated(child, random) : undefined;
  worker?.catch(() => {}); // the promise is awaited below
  await Promise.all(lanes.map((lane) => lane.run(Number(values.operations))));
  for (const lane of lanes) await lane.end();
  if (scene.state() !== before) throw new Error(`the scene differs from before: ${before}\n${scene.state()}`);
  scene.end();
  for (const lane of lanes) {
    for (const [name, count] of lane.calls) totals.calls.set(name, (totals.calls.get(name) ?? 0) + count);
    for (const [kind, count] of lane.counts) {
      const all = totals.counts.get(kind) ?? { done: 0, aborted: 0, failed: 0 };
      for (const ending of Object.keys(all)) all[ending] += count[ending];
      totals.counts.set(kind, all);
    }
  }
  const scenes = [await worker].filter(Boolean);
  if (values.leak !== undefined) lose(values.leak, LANES * Number(values.operations), child);
  return scenes;
}

const operationsDone = () =>
  [...totals.counts.values()].reduce((all, { done, aborted, failed }) => all + done + aborted + failed, 0);
const problems = [];
// The library emits a warning when it could not undo an operation after its promise was rejected.
process.on('warning', (warning) => problems.push(String(warning)));

const child = await processInOtherNamespace();
const before = state(child.pid);
const samples = [];
let workers = 0;
const end = performance.now() + Number(values.seconds) * 1000;
let number = 0;
for (; number < Number(values.rounds) && performance.now() < end && problems.length === 0; number += 1) {
  try {
    for (const scene of await round(number, child)) {
      workers += 1;
      scene.end();
    }
    problems.push(...(await differenceTo(before, child.pid, Number(values.patience))));
  } catch (error) {
    problems.push(inspect(error, { depth: 4 }));
  }
  samples.push({ operations: operationsDone(), ...(await memory()) });
}
const isOfLastRound = problems.length > 0;
const windows = growth(samples);
for (const { name, isTooMuch, more, allowed } of windows)
  if (isTooMuch) problems.push(`${name}: ${more} bytes more, and at most ${allowed} are allowed`);
const missing = functionNames.filter((name) => !totals.calls.has(name));
if (operationsDone() >= ENOUGH && missing.length > 0) problems.push(`never called: ${missing.join(', ')}`);

for (const [kind, { done, aborted, failed }] of [...totals.counts].sort())
  console.log(`${kind.padEnd(12)} ${done} done, ${aborted} aborted, ${failed} failed`);
for (const { name, early, late, allowed } of windows) {
  const [from, to, most] = [early, late, allowed].map((bytes) => `${Math.round(bytes / 1024)} KiB`);
  console.log(`${name.padEnd(12)} ${from} in early rounds, ${to} in late ones (at most ${most} more are allowed)`);
}
console.log(`${operationsDone()} operations in ${number} rounds, ${workers} workers terminated`);
for (const problem of problems) console.log(`LEFT: ${problem}`);
const again = isOfLastRound ? `${seed + number - 1} --rounds 1` : `${seed} --rounds ${number}`;
if (problems.length > 0) console.log(`to repeat the run: --seed ${again} --operations ${values.operations}`);
child.kill('SIGKILL');
process.exit(problems.length === 0 ? 0 : 1);
