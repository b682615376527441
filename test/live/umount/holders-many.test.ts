import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, vi } from 'vitest';
import { holders, holdersSync, mountSync, umountSync } from '../../../lib/index.js';
import { patience } from '../../support/effort.js';
import { pass } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { test } from '../../support/place.js';

vi.setConfig({ testTimeout: patience(120_000) });

// In every pass: fewer are looked at so soon that nothing could be seen to be held up.
const PROCESSES = 1_000;
/** More reads than there are when the pool is held up: the one that is under way, and one that ends behind it. */
const ENOUGH = 2;

test('1,000 processes are looked at without holding up anybody', async ({ place }) => {
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
    // In the user pass as well: they are processes of this user.
    expect(holdersSync(target).length).toBeGreaterThan(PROCESSES);
    const blocked = performance.now() - start;

    const delay = monitorEventLoopDelay({ resolution: 1 });
    let turns = 0;
    let reads = 0;
    // Once more where something else has kept this machine busy: had the scans held up the reads, they would each time.
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
      // libuv's pool has four threads, and four scans at once leave it alone as well.
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
    // Had it been blocked, there would have been one turn.
    expect(turns).toBeGreaterThan(20);
    expect(reads).toBeGreaterThan(ENOUGH);
    expect(delay.percentile(90) / 1e6).toBeLessThan(blocked);
  }
  umountSync(target, { retry: { for: 30_000 } });
});
