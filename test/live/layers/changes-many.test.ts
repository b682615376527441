// Tests changes() with 100,000 files: memory, the event loop, and equal results without the newer system calls.
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { runNode } from '../../support/child.js';
import { inEveryPass, patience } from '../../support/effort.js';
import { isRealRoot, lacks, pass } from '../../support/environment.js';
import { lacksOverlayAttributes, prefix } from '../../support/layers.js';
import { setAttribute } from '../../support/native-files.js';
import { type Place, test } from '../../support/place.js';

vi.setConfig({ testTimeout: patience(600_000) });

const isEmulated = process.env['KERNEL_VM'] !== undefined;
/** The numbers of directories and of files in each directory: 100,000 files at full effort. */
const FEW = [inEveryPass(100, 20), inEveryPass(1000, 100)] as const;
// Memory that grows with the number of changes shows only with 100,000 changes, so the pass `root` always uses that
// number.
const MANY = isEmulated ? FEW : pass === 'root' ? ([100, 1000] as const) : ([FEW[0], inEveryPass(1000, 500)] as const);

/** Makes two layers with the same file names and different contents. */
function layers(place: Place, [directories, files]: readonly [number, number]): string[] {
  return ['lower', 'upper'].map((layer) => {
    const root = place.directory(layer);
    for (let index = 0; index < directories; index += 1) {
      mkdirSync(`${root}/directory${index}`);
      for (let file = 0; file < files; file += 1) writeFileSync(`${root}/directory${index}/file${file}`, layer);
    }
    return root;
  });
}

const walk = `
  const { changes } = await import('linux-mount/layers');
  const { monitorEventLoopDelay } = await import('node:perf_hooks');
  const { readFile } = await import('node:fs/promises');
  const [lower, upper] = process.argv.slice(1);
  const spec = { lower: [lower], upper, userxattr: ${!isRealRoot} };
  const run = async () => { let count = 0; for await (const { type } of changes(spec)) count += type === 'modified'; return count; };
`;

test('changes() reports 100,000 changes in bounded memory and does not block the event loop', async ({ place }) => {
  const count = MANY[0] * MANY[1];
  const { stdout, stderr } = await runNode(
    `${walk}
     await run();
     globalThis.gc();
     const before = process.memoryUsage.rss();
     const delay = monitorEventLoopDelay({ resolution: 1 });
     delay.enable();
     let [turns, reads, most, isOver] = [0, 0, 0, false];
     const turn = async () => {
       for (; !isOver; turns++) {
         if (turns % 100 === 0) most = Math.max(most, process.memoryUsage.rss());
         await new Promise((resolve) => setImmediate(resolve));
       }
     };
     const read = async () => { for (; !isOver; reads++) await readFile('/proc/self/stat'); };
     const start = performance.now();
     const counting = run().finally(() => { isOver = true; });
     const [count] = await Promise.all([counting, turn(), read()]);
     const took = performance.now() - start;
     delay.disable();
     console.log(JSON.stringify({ count, took, turns, reads, grown: most - before, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }));`,
    { args: layers(place, MANY), nodeArgs: ['--expose-gc'], timeout: 300_000 },
  );
  expect(stderr).toBe('');
  const found = JSON.parse(stdout) as Record<'count' | 'took' | 'turns' | 'reads' | 'grown' | 'p99' | 'max', number>;
  console.log(
    `pass ${pass}: ${count} changes in ${found.took.toFixed(0)} ms; meanwhile ${found.turns} turns of the event loop, its delay ` +
      `at 99 % ${found.p99.toFixed(1)} ms, at most ${found.max.toFixed(1)} ms, and ${found.reads} reads of a file; ` +
      `memory grown by ${(found.grown / 2 ** 20).toFixed(1)} MiB`,
  );
  expect(found.count).toBe(count);
  // The event loop makes at least one turn for each batch.
  expect(found.turns).toBeGreaterThan(count / 1000);
  expect(found.reads).toBeGreaterThan(2);
  // All changes together would take about 400 bytes each; the limit leaves room for garbage that V8 has not collected.
  expect(found.grown).toBeLessThan(32 * 2 ** 20);
});

test.for([
  ['before Linux 6.13', ['listxattrat=ENOSYS', 'getxattrat=ENOSYS']],
  ['in a sandbox that denies the newer calls', ['listxattrat=EPERM', 'statx=EPERM', 'open_tree=EPERM']],
  ['in a sandbox that denies unshare(2)', ['listxattrat=ENOSYS', 'unshare=EPERM']],
] as const)(
  'changes() reports the same changes when newer system calls are missing: %s',
  async ([_, deny], { place, skip }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    const [lower, upper] = layers(place, FEW) as [string, string];
    const why = lacksOverlayAttributes(place);
    skip(why !== undefined, why);
    setAttribute(`${upper}/directory7`, `${prefix}opaque`, 'y');
    const source = `${walk}
    const { createHash } = await import('node:crypto');
    const all = createHash('sha256');
    let count = 0;
    for await (const change of changes(spec)) {
      count += 1;
      all.update(JSON.stringify(change, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
    }
    console.log(count, all.digest('hex'), process.cwd());`;
    writeFileSync(`${lower}/directory7/gone`, '');
    const here = await runNode(source, { args: [lower, upper], timeout: 300_000 });
    expect(here.stdout).toMatch(new RegExp(`^${FEW[0] * FEW[1] + 1} `));
    const there = await runNode(source, { args: [lower, upper], deny, timeout: 300_000 });
    expect(there).toEqual(here);
  },
);
