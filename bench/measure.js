// The inside of bench/run.js: measures, in the private mount namespace that it was started in.
import { spawnSync } from 'node:child_process';
import { promises as fs, mkdirSync, mkdtempSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  constants,
  mount,
  mountBindSync,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  overlayData,
  umount,
  umountSync,
} from 'linux-mount';
import { tableGroups, tableLines } from './table.js';
import { compare } from './turns.js';

const [outside, ...args] = process.argv.slice(2);
if (outside === readlinkSync('/proc/self/ns/mnt')) throw new Error('run this with: npm run bench');
const options = /** @type {const} */ ({ json: { type: 'string' }, only: { type: 'string', default: '' } });
const { json: jsonFile, only } = parseArgs({ args, options }).values;

const baseline = createRequire(import.meta.url)('./native/build/Release/baseline.node');
const { MS_BIND, MS_NODEV, MS_RDONLY, MS_REMOUNT } = constants;

const CROWD = 1000;
const WRITABLE = 'overlay with an upper layer + umount';
const BESIDE_TMPFS = `${WRITABLE}, beside ${CROWD} tmpfs`;
const BESIDE_OVERLAYS = `${WRITABLE}, beside ${CROWD} of its kind`;
const MANY_LAYERS = 'overlay of 500 layers with paths of 3,000 bytes + umount';
const TREE = 'read-only bind of a tree of 50 mounts + umount';
const READ_ONLY = 'overlay of two layers + umount';
const UNLOOKED = 'mountOverlaySync + unmountSync, upper not looked for';
const KNOWN = 'C loop that knows its mount again';
const LOOKED = 'mountOverlaySync + unmountSync';

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
  const tree = directory('tree');
  mountSync('tree', tree, 'tmpfs');
  const submounts = Array.from({ length: 50 }, (_, index) => `sub${index}`);
  for (const name of submounts) mountSync('sub', directory(`tree/${name}`), 'tmpfs');
  const targets = Array.from({ length: 64 }, (_, index) => directory(`target${index}`));
  const twoAccesses = timesAsync(async () => {
    await fs.access(source);
    await fs.access(source);
  });
  const writable = {
    [UNLOOKED]: {
      run: times(() => mountOverlaySync({ lower, ...above, target, allowSharedUpper: true }).unmountSync()),
    },
    [LOOKED]: { run: times(() => mountOverlaySync({ lower, ...above, target }).unmountSync()) },
  };
  /** Mounts that many filesystems beside what is measured; gives what takes them down. */
  const crowd = (type, dataOf) => {
    const mounts = Array.from({ length: CROWD }, (_, index) => {
      const path = directory(`crowd${index}`);
      mountSync(type, path, type, 0, dataOf(index));
      return path;
    });
    return () => {
      for (const path of mounts) umountSync(path);
    };
  };
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
    [READ_ONLY]: {
      'C loop': {
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower }), count),
      },
      [KNOWN]: {
        run: (count) =>
          baseline.mountKnownAndUmount('overlay', target, 'overlay', overlayData({ lower }), false, count),
      },
      'mountOverlaySync + unmountSync': { run: times(() => mountOverlaySync({ lower, target }).unmountSync()) },
    },
    [WRITABLE]: {
      'C loop': {
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower, ...above }), count),
      },
      [KNOWN]: {
        run: (count) =>
          baseline.mountKnownAndUmount('overlay', target, 'overlay', overlayData({ lower, ...above }), true, count),
      },
      ...writable,
    },
    // Whether another overlay has the upper layer is found out among all mounts: with many of them, of every kind.
    [BESIDE_TMPFS]: {
      'C loop': {
        before: () => crowd('tmpfs', () => null),
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower, ...above }), count),
      },
      ...writable,
    },
    [BESIDE_OVERLAYS]: {
      'C loop': {
        before: () =>
          crowd('overlay', (index) =>
            overlayData({ lower, upper: directory(`upper${index}`), work: directory(`work${index}`) }),
          ),
        run: (count) => baseline.mountAndUmount('overlay', target, 'overlay', overlayData({ lower, ...above }), count),
      },
      ...writable,
    },
    [TREE]: {
      'C loop': { times: 10, run: (count) => baseline.treeAndUmount(tree, target, count) },
      'mountBindSync + unmountSync, checked': {
        times: 10,
        run: times(() =>
          mountBindSync(tree, target, { readonly: true, recursive: true }).unmountSync(constants.MNT_DETACH),
        ),
      },
      'mount(2) and a remount of each': {
        times: 10,
        run: times(() => {
          mountSync(tree, target, null, MS_BIND | constants.MS_REC);
          for (const each of [target, ...submounts.map((name) => join(target, name))]) {
            mountSync(null, each, null, MS_REMOUNT | MS_BIND | MS_RDONLY);
          }
          umountSync(target, constants.MNT_DETACH);
        }),
      },
    },
    [MANY_LAYERS]: {
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
    for (const [group, actions] of Object.entries({ ...groups(place), ...tableGroups(place) })) {
      if (!group.includes(only)) continue;
      const [first] = Object.values(actions);
      const turns = first.turns ?? (first.times === 1 ? 30 : 300);
      console.log(`\n${group}: median of ${turns} turns of ${Object.values(actions)[0].times ?? 100}`);
      const after = Object.values(actions)[0].before?.();
      results[group] = await compare(actions, { turns, warmUp: Math.ceil(turns / 10) });
      after?.();
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
const access = '2 × await fs.promises.access';
const over = (group, sync, async) => (group[async].nanoseconds - group[sync].nanoseconds) / group[access].nanoseconds;
const check = (group) => (group[LOOKED].nanoseconds - group[UNLOOKED].nanoseconds) / 1000;
const lines = [
  ['bind + umount', 'bind + umount, sync over C', (group) => group['mountSync + umountSync'].ratio],
  [
    'two changes of a mount',
    'two changes, async minus sync, over 2 × fs.promises.access',
    (group) => over(group, 'mountSync, twice', 'await mount, twice'),
  ],
  [
    'bind + umount',
    'bind + umount, async minus sync, over 2 × fs.promises.access',
    (group) => over(group, 'mountSync + umountSync', 'await mount + await umount'),
  ],
  [READ_ONLY, 'overlay of two layers, sync over C', (group) => group[LOOKED].ratio],
  [
    READ_ONLY,
    'overlay of two layers, sync over C that knows its mount again',
    (group) => group[LOOKED].ratio / group[KNOWN].ratio,
  ],
  [TREE, 'read-only bind of 50 mounts, over C', (group) => group['mountBindSync + unmountSync, checked'].ratio],
  [WRITABLE, 'overlay with an upper layer that is not looked for, sync over C', (group) => group[UNLOOKED].ratio],
  [
    WRITABLE,
    'overlay with an upper layer, sync over C that knows its mount again',
    (group) => group[UNLOOKED].ratio / group[KNOWN].ratio,
  ],
  [MANY_LAYERS, 'overlay of 500 layers, sync over C', (group) => group[LOOKED].ratio],
  [WRITABLE, 'to look for the upper layer, µs', check],
  [BESIDE_TMPFS, `the same beside ${CROWD} tmpfs, µs`, check],
  [BESIDE_OVERLAYS, `the same beside ${CROWD} of its kind, µs`, check],
  ...tableLines,
];
const summary = Object.fromEntries(
  lines.filter(([group]) => group in results).map(([group, name, figure]) => [name, figure(results[group])]),
);
console.log('\nSummary');
console.table(Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, { figure: value.toFixed(3) }])));
const json = JSON.stringify({ machine, results, summary }, null, 2);
console.log(json);
if (jsonFile !== undefined) writeFileSync(jsonFile, `${json}\n`);
