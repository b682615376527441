// Tests that thousands of mounts and unmounts leave no memory, descriptor, thread or mount.
import { expect, vi } from 'vitest';
import { NOTHING_LEFT, RESOURCE_FUNCTIONS, runNode } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { pass } from '../../support/environment.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';

vi.setConfig({ testTimeout: patience(120_000) });

const PAIRS = times(pass === 'root' ? 20_000 : 2_000, 400);
const ROUNDS = 8;

// A child process runs the calls, so that no other test changes its memory. The first round allocates what the process
// keeps; later rounds must add nothing. V8 grows the memory in some rounds, a leak in every round, so the test looks at
// the least growth.
const script = (body: string) => `
  ${RESOURCE_FUNCTIONS}
  import { mkdirSync } from 'node:fs';
  import { constants, holders, isMountPoint, mount, mountAt, mountOverlay, mountOverlaySync, mountSync, readMountTable, umount, umountSync } from 'linux-mount';
  const [source, target] = process.argv.slice(1);
  const count = ${PAIRS / 4};
  async function pairs() { ${body} }
  await pairs();
  const before = await resources();
  const kilobytes = [];
  for (let round = 0; round < ${ROUNDS}; round++) {
    await pairs();
    gc();
    kilobytes.push(process.memoryUsage.rss() / 1024);
  }
  console.log(JSON.stringify({
    ...await left(before),
    growth: Math.min(...kilobytes.slice(1).map((value, index) => value - kilobytes[index])),
  }));`;

test.for([
  [
    'synchronous mount and umount',
    `for (let i = 0; i < count; i++) { mountSync(source, target, null, constants.MS_BIND); umountSync(target); }`,
  ],
  [
    'asynchronous mount and umount',
    `for (let i = 0; i < count; i++) { await mount(source, target, null, constants.MS_BIND); await umount(target); }`,
  ],
  [
    '64 asynchronous mounts and umounts at once',
    `const targets = Array.from({ length: 64 }, (_, index) => target + '/' + index);
     for (const each of targets) mkdirSync(each, { recursive: true });
     for (let i = 0; i < count; i += 64) {
       await Promise.all(targets.map((each) => mount(source, each, null, constants.MS_BIND)));
       await Promise.all(targets.map((each) => umount(each)));
     }`,
  ],
  [
    'an asynchronous umount of a tree',
    `for (let i = 0; i < count / 2; i++) {
       mountSync('x', target, 'ramfs');
       mkdirSync(target + '/below');
       mountSync(source, target + '/below', null, constants.MS_BIND);
       await umount(target, { recursive: true });
     }`,
  ],
  [
    'holders and EBUSY with a reason',
    `mountSync('x', target, 'ramfs');
     process.chdir(target);
     for (let i = 0; i < count / 50; i++) {
       await Promise.all([holders(target), umount(target).catch(() => {})]);
       try { umountSync(target); } catch {}
     }
     process.chdir('/');
     umountSync(target);`,
  ],
  [
    'a synchronous read-only bind',
    `for (let i = 0; i < count; i++) { mountSync(source, target, null, constants.MS_BIND | constants.MS_RDONLY); umountSync(target); }`,
  ],
  [
    'an asynchronous mount that fails',
    `for (let i = 0; i < count; i++) await mount(source, target + '/missing', null, constants.MS_BIND | constants.MS_RDONLY).catch(() => {});`,
  ],
  [
    'isMountPoint, mountAt and readMountTable',
    `for (let i = 0; i < count; i++) { await isMountPoint(target); await mountAt(target); if (i % 20 === 0) await readMountTable(); }`,
  ],
] as const)(
  '20,000 pairs of calls leak no memory, descriptor, thread or mount: %s',
  async ([_name, body], { place }) => {
    const args = [place.directory('source'), place.directory('target')];
    const { status, stdout, stderr } = await runNode(script(body), {
      args,
      nodeArgs: ['--expose-gc'],
      timeout: 100_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { growth, ...counts } = JSON.parse(stdout);
    expect(counts).toEqual(NOTHING_LEFT);
    // In kilobytes; a leak of 64 bytes in each pair would be 320.
    expect(growth).toBeLessThan(pass === 'root' ? 250 : 1000);
    expect(mountTable().filter(({ mountPoint }) => mountPoint.startsWith(place.path('target')))).toEqual([]);
  },
);
