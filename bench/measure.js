// The inside of bench/run.js: measures, in the private mount namespace that it was started in.
import { spawnSync } from 'node:child_process';
import { promises as fs, mkdirSync, mkdtempSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  constants,
  mount,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  overlayData,
  umount,
  umountSync,
} from 'linux-mount';
import { compare } from './turns.js';

const [outside, ...words] = process.argv.slice(2);
if (outside === readlinkSync('/proc/self/ns/mnt')) throw new Error('run this with: npm run bench');
const jsonFile = words[0] === '--json' ? words[1] : undefined;
if (words.length !== (jsonFile === undefined ? 0 : 2)) throw new Error('usage: npm run bench -- [--json FILE]');

const baseline = createRequire(import.meta.url)('./native/build/Release/baseline.node');
const { MS_BIND, MS_NODEV, MS_RDONLY, MS_REMOUNT } = constants;

/** Does a thing that many times, one after the other. */
const times = (action) => (count) => {
  for (let index = 0; index < count; index += 1) action();
};
const timesAsync = (action) => async (count) => {
  for (let index = 0; index < count; index += 1) await action();
};

function groups(place) {
  const directory = (name) => {
    mkdirSync(join(place, name), { recursive: true });
    return join(place, name);
  };
  const [source, target] = [directory('source'), directory('target')];
  const lower = [directory('lower1'), directory('lower2')];
  const above = { upper: directory('upper'), work: directory('work') };
  const many = Array.from({ length: 500 }, (_, index) => {
    const path = `${join(place, `many${index}`)}${`/${'x'.repeat(239)}`.repeat(12)}`;
    return directory(`${path}/${'y'.repeat(3000 - path.length - 1)}`.slice(place.length + 1));
  });
  const targets = Array.from({ length: 64 }, (_, index) => directory(`target${index}`));
  const twoAccesses = timesAsync(async () => {
    await fs.access(source);
    await fs.access(source);
  });
  return {
    'bind + umount': {
      'C loop': { run: (count) => baseline.bindAndUmount(source, target, count) },
      'mountSync + umountSync': {
        run: times(() => {
          mountSync(source, target, null, MS_BIND);
          umountSync(target);
        }),
      },
      'the same, read-only': {
        run: times(() => {
          mountSync(source, target, null, MS_BIND | MS_RDONLY);
          umountSync(target);
        }),
      },
      'await mount + await umount': {
        run: timesAsync(async () => {
          await mount(source, target, null, MS_BIND);
          await umount(target);
        }),
      },
      'the same, 64 at once': {
        times: 64,
        run: async () => {
          await Promise.all(targets.map((each) => mount(source, each, null, MS_BIND)));
          await Promise.all(targets.map((each) => umount(each)));
        },
      },
      '2 × await fs.promises.access': { run: twoAccesses },
      'mount(8) + umount(8), forked': {
        times: 1,
        run: () => {
          if (spawnSync('mount', ['--bind', source, target]).status !== 0) throw new Error('mount(8) failed');
          if (spawnSync('umount', [target]).status !== 0) throw new Error('umount(8) failed');
        },
      },
    },
    // To change a mount is a call that waits for nobody; umount(2) waits for the other processors to have seen it
    // (synchronize_rcu_expedited), the longer the more of them are awake, and so more in a program with several threads.
    'two changes of a mount': {
      'mountSync, twice': {
        run: times(() => {
          mountSync(null, place, null, MS_REMOUNT | MS_BIND | MS_NODEV);
          mountSync(null, place, null, MS_REMOUNT | MS_BIND);
        }),
      },
      'await mount, twice': {
        run: timesAsync(async () => {
          await mount(null, place, null, MS_REMOUNT | MS_BIND | MS_NODEV);
          await mount(null, place, null, MS_REMOUNT | MS_BIND);
        }),
      },
      '2 × await fs.promises.access': { run: twoAccesses },
    },
    'overlay of two layers + umount': {
      'C loop': {
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower }), count),
      },
      'mountOverlaySync + unmountSync': { run: times(() => mountOverlaySync({ lower, target }).unmountSync()) },
    },
    'overlay with an upper layer + umount': {
      'C loop': {
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower, ...above }), count),
      },
      'mountOverlaySync + unmountSync, upper not looked for': {
        run: times(() => mountOverlaySync({ lower, ...above, target, allowSharedUpper: true }).unmountSync()),
      },
      'mountOverlaySync + unmountSync': {
        run: times(() => mountOverlaySync({ lower, ...above, target }).unmountSync()),
      },
    },
    'overlay of 500 layers with paths of 3,000 bytes + umount': {
      'C loop': { times: 1, run: (count) => baseline.overlayAndUmount(target, many, count) },
      'mountOverlaySync + unmountSync': {
        times: 1,
        run: times(() => mountOverlaySync({ lower: many, target, strategy: 'fsconfig' }).unmountSync()),
      },
      'await mountOverlay + await unmount': {
        times: 1,
        run: timesAsync(async () => (await mountOverlay({ lower: many, target })).unmount()),
      },
    },
  };
}

async function measure() {
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-bench-'));
  mountSync('bench', place, 'tmpfs');
  try {
    const results = {};
    for (const [group, actions] of Object.entries(groups(place))) {
      const turns = Object.values(actions)[0].times === 1 ? 30 : 300;
      console.log(`\n${group}: median of ${turns} turns of ${Object.values(actions)[0].times ?? 100}`);
      results[group] = await compare(actions, { turns, warmUp: turns / 10 });
      console.table(
        Object.fromEntries(
          Object.entries(results[group]).map(([name, { nanoseconds, ratio }]) => [
            name,
            { 'µs each': (nanoseconds / 1000).toFixed(2), 'the first = 1': ratio.toFixed(3) },
          ]),
        ),
      );
    }
    return results;
  } finally {
    umountSync(place, constants.MNT_DETACH);
    rmdirSync(place);
  }
}

const machine = { node: process.version, kernel: release(), processors: cpus().length, arch: process.arch };
const results = await measure();
const bind = results['bind + umount'];
const change = results['two changes of a mount'];
const access = '2 × await fs.promises.access';
const extra = (group, sync, async) => (group[async].nanoseconds - group[sync].nanoseconds) / group[access].nanoseconds;
const summary = {
  'bind + umount, sync over C': bind['mountSync + umountSync'].ratio,
  'two changes, async minus sync, over 2 × fs.promises.access': extra(change, 'mountSync, twice', 'await mount, twice'),
  'bind + umount, async minus sync, over 2 × fs.promises.access': extra(
    bind,
    'mountSync + umountSync',
    'await mount + await umount',
  ),
};
console.log('\nSummary');
console.table(Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, { ratio: value.toFixed(3) }])));
const json = JSON.stringify({ machine, results, summary }, null, 2);
console.log(json);
if (jsonFile !== undefined) writeFileSync(jsonFile, `${json}\n`);
