// Tests that holders() with 1,000 processes blocks neither the event loop nor the thread pool of libuv.
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, vi } from 'vitest';
import { holders, holdersSync, mountSync, umountSync } from '../../../lib/index.js';
import { patience } from '../../support/effort.js';
import { pass } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { test } from '../../support/place.js';

vi.setConfig({ testTimeout: patience(120_000) });

// Every pass uses this number: a scan of fewer processes is too short to show any blocking.
const PROCESSES = 1_000;
/** With a blocked thread pool at most two reads end: the one in progress and the next. */
const ENOUGH = 2;

test('holders() of a mount that 1,000 processes use does not block the event loop or other file reads', async ({
  place,
}) => {
  const target = place.directory('m');
  mountSync('held', target, 'tmpfs');
  {
    await using _crowd = await HolderProcess.start([
      ...[
        'sh',
        '-c',
        `i=0; cd "$1"; while [ $i -lt ${PROCESSES} ]; do sleep 1000 & i=$((i+1)); done; echo; wait`,
        'sh',
        target,
      ],
    ]);
    const start = performance.now();
    // In the user pass the processes belong to the same user, so that the scan can read their links.
    expect(holdersSync(target).length).toBeGreaterThan(PROCESSES);
    const blocked = performance.now() - start;

    const delay = monitorEventLoopDelay({ resolution: 1 });
    let turns = 0;
    let reads = 0;
    // The test repeats the measurement if other work kept the machine busy; blocking by the scans would show in every
    // round.
    for (let round = 0; round < 10 && reads <= ENOUGH; round += 1) {
      delay.reset();
      delay.enable();
      turns = 0;
      reads = 0;
      let isOver = false;
      const scan = holders(target).finally(() => {
        isOver = true;
      });
      const turn = async () => {
        for (; !isOver; turns++) await new Promise((resolve) => setImmediate(resolve));
      };
      const read = async () => {
        for (; !isOver; reads++) await readFile('/proc/self/stat');
      };
      // The thread pool of libuv has four threads, so four scans at once would use every thread of the pool.
      const [found] = await Promise.all([scan, turn(), read(), holders(target), holders(target), holders(target)]);
      delay.disable();
      expect(found.length).toBeGreaterThan(PROCESSES);
    }
    const milliseconds = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1);
    console.log(
      `pass ${pass}: a scan of ${PROCESSES} processes takes ${blocked.toFixed(0)} ms on the calling thread; four at once on ours: ` +
        `${turns} turns of the event loop and ${reads} reads of a file meanwhile, its delay at 99 % ` +
        `${milliseconds(delay.percentile(99))} ms, at most ${milliseconds(delay.max)} ms`,
    );
    // A blocked event loop would make one turn.
    expect(turns).toBeGreaterThan(20);
    expect(reads).toBeGreaterThan(ENOUGH);
    expect(delay.percentile(90) / 1e6).toBeLessThan(blocked);
  }
  umountSync(target, { retry: { for: 30_000 } });
});
