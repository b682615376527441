// Tests how a walk of changes() ends: return(), break, signals, garbage collection and the end of a worker or process.
import { readdirSync, readFileSync, readlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { type ChangesSpec, changes } from '../../../lib/layers/index.js';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { inEveryPass } from '../../support/effort.js';
import { isRealRoot } from '../../support/environment.js';
import { libraryThreads } from '../../support/own-process.js';
import { type Place, test } from '../../support/place.js';
import { rejectionOf, until } from '../../support/values.js';

vi.setConfig({ testTimeout: 120_000 });

const COUNT = inEveryPass(20_000, 5_000);

/** Makes two layers; the upper layer has files for more than ten batches of a few hundred changes. */
function layers(place: Place): ChangesSpec & { upper: string } {
  const upper = place.directory('upper');
  for (let index = 0; index < COUNT; index += 1) writeFileSync(`${upper}/file${index}`, '');
  return { lower: [place.directory('lower')], upper, userxattr: !isRealRoot };
}

/** The number of descriptors of this process that refer to the layers by path or to a detached mount of a layer. */
function openLayers(place: Place): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path === '/' || path.startsWith(place.root);
    } catch {
      return false; // This is the descriptor of readdirSync().
    }
  }).length;
}

const NOTHING_MORE = { done: true, value: undefined };

test('return() ends a walk of changes(), and closes every descriptor of the walk', async ({ place }) => {
  const before = openLayers(place);
  const walk = changes(layers(place));
  await walk.next();
  expect(openLayers(place)).toBeGreaterThan(before);
  expect(await walk.return()).toEqual(NOTHING_MORE);
  expect(openLayers(place)).toBe(before);
  expect(await walk.next()).toEqual(NOTHING_MORE);
  expect(await walk.return()).toEqual(NOTHING_MORE);
});

test('break and await using end a walk of changes(), and close every descriptor of the walk', async ({ place }) => {
  const before = openLayers(place);
  const spec = layers(place);
  for await (const _ of changes(spec)) break;
  expect(openLayers(place)).toBe(before);
  {
    await using walk = changes(spec);
    await walk.next();
  }
  expect(openLayers(place)).toBe(before);
});

test('changes() opens nothing before the first next()', async ({ place }) => {
  const before = openLayers(place);
  const walk = changes(layers(place));
  expect(openLayers(place)).toBe(before);
  await walk.return();
});

test('concurrent next() calls of changes() resolve in order', async ({ place }) => {
  const walk = changes(layers(place));
  const results = await Promise.all(Array.from({ length: COUNT + 5 }, () => walk.next()));
  const paths = results.slice(0, COUNT).map(({ value }) => value?.path as string);
  expect(new Set(paths).size).toBe(COUNT);
  expect(paths).toEqual([...paths].sort());
  expect(results.slice(COUNT)).toEqual(Array(5).fill(NOTHING_MORE));
});

test('return() of changes() resolves after every descriptor is closed, also after an abort or a return()', async ({
  place,
}) => {
  const before = openLayers(place);
  const spec = layers(place);
  for (let round = 0; round < inEveryPass(50, 10); round += 1) {
    const controller = new AbortController();
    const walk = changes({ ...spec, signal: controller.signal });
    await walk.next();
    if (round % 2 === 0) controller.abort();
    else void walk.return();
    await walk.return();
    expect(openLayers(place)).toBe(before);
  }
});

test('return() of changes() resolves a pending next() as done', async ({ place }) => {
  const walk = changes(layers(place));
  const [next, end] = [walk.next(), walk.return()];
  expect(await end).toEqual(NOTHING_MORE);
  expect(await next).toEqual(NOTHING_MORE);
});

test('changes() closes every descriptor before it rejects for a missing layer', async ({ place }) => {
  const before = openLayers(place);
  const [upper, missing] = [place.directory('upper'), place.path('missing')];
  const lower = [...Array.from({ length: 50 }, (_, index) => place.directory(`lower${index}`)), missing];
  for (let round = 0; round < inEveryPass(200, 40); round += 1) {
    const error = await rejectionOf(changes({ lower, upper, userxattr: !isRealRoot }).next());
    expect(openLayers(place)).toBe(before);
    expect(error).toMatchObject({ code: 'ENOENT', path: missing });
  }
});

test.for(['before the first next()', 'during next()', 'between two calls of next()'] as const)(
  'next() of changes() rejects with AbortError when the signal is aborted: %s',
  async (when, { place }) => {
    const before = openLayers(place);
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before the first next()') controller.abort(reason);
    const walk = changes({ ...layers(place), signal: controller.signal });
    if (when === 'between two calls of next()') await walk.next();
    if (when === 'between two calls of next()') controller.abort(reason);
    const rejected = rejectionOf(walk.next());
    if (when === 'during next()') controller.abort(reason);
    // An abort rejects and does not just end the walk, so that the caller cannot mistake a part of the changes for all.
    expect(await rejected).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(await walk.next()).toEqual(NOTHING_MORE);
    await until(() => openLayers(place) === before);
  },
);

test('changes() removes its listener from the signal at the end of the walk', async ({ place }) => {
  const controller = new AbortController();
  const [add, remove] = [
    vi.spyOn(controller.signal, 'addEventListener'),
    vi.spyOn(controller.signal, 'removeEventListener'),
  ];
  for await (const _ of changes({ ...layers(place), signal: controller.signal }));
  expect(add).toHaveBeenCalledTimes(1);
  expect(remove).toHaveBeenCalledTimes(1);
  controller.abort();
});

test('changes() keeps no thread busy while no next() is pending', async ({ place }) => {
  const walk = changes(layers(place));
  await walk.next();
  await until(() => libraryThreads().length === 0);
  await sleep(50);
  expect(libraryThreads()).toEqual([]);
  await walk.return();
});

test('an unreferenced walk of changes() closes its descriptors when it is garbage-collected', async ({ place }) => {
  const spec = layers(place);
  const { status, stdout } = await runNode(
    `const { changes } = await import('linux-mount/layers');
     const { readdirSync } = await import('node:fs');
     const spec = JSON.parse(process.argv[1]);
     const count = () => readdirSync('/proc/self/fd').length;
     await (async () => { for await (const _ of changes(spec)) break; })();
     const before = count();
     await (async () => { for (let index = 0; index < 20; index += 1) await changes(spec).next(); })();
     const between = count();
     for (let attempt = 0; attempt < 500 && count() > before; attempt += 1) {
       globalThis.gc();
       await new Promise((resolve) => setTimeout(resolve, 10));
     }
     console.log(between > before, count() - before);`,
    { args: [JSON.stringify(spec)], nodeArgs: ['--expose-gc'] },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'true 0\n' });
  expect(spec.upper).toBeTruthy();
});

test('a worker can be terminated and the process can exit during a walk of changes()', async ({ place }) => {
  const spec = layers(place);
  const worker = "for (;;) for await (const _ of layers.changes(workerData)) parentPort.postMessage('one');";
  const { status, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     import { changes } from 'linux-mount/layers';
     const spec = JSON.parse(process.argv[1]);
     for (let index = 0; index < ${inEveryPass(10, 4)}; index += 1) {
       const worker = startWorker(${JSON.stringify(worker)}, spec);
       await messageOf(worker);
       await worker.terminate();
     }
     const walk = changes(spec);
     await walk.next();
     console.log('ended');
     process.exit(0);`,
    { args: [JSON.stringify(spec)] },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'ended\n', stderr: '' });
});

test('return() ends a walk of changes() in the middle of the comparison of two large files', async ({ place }) => {
  const size = 16 * 2 ** 30;
  for (const layer of ['upper', 'lower']) {
    place.directory(layer, { file: '' });
    truncateSync(place.path(`${layer}/file`), size);
    utimesSync(place.path(`${layer}/file`), 1, 1);
  }
  const bytesRead = () => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  const before = bytesRead();
  const walk = changes({ lower: [place.path('lower')], upper: place.path('upper'), userxattr: !isRealRoot });
  const next = walk.next();
  await until(() => bytesRead() - before > 2 ** 20);
  await walk.return();
  expect(await next).toEqual(NOTHING_MORE);
  expect(bytesRead() - before).toBeLessThan(size);
  expect(openLayers(place)).toBe(0);
});
