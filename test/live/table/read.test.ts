// Tests readMountTable() and readMountTableSync() against real mounts.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { expect } from 'vitest';
import {
  constants,
  type MountEntry,
  mountOverlaySync,
  mountSync,
  parseMountInfo,
  readMountTable,
  readMountTableSync,
  umountSync,
} from '../../../lib/index.js';
import { times } from '../../support/effort.js';
import { lacksOverlay, lacksUniqueIds } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';
import { must, rejectionOf, thrownBy } from '../../support/values.js';

const { MS_BIND, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_NOSUID, MS_UNBINDABLE } = constants;
const withoutId = (entry: MountEntry) => ({ ...entry, uniqueId: null });

test('readMountTable and readMountTableSync return what /proc/self/mountinfo contains', async ({ place }) => {
  mountSync('a b', place.directory('a'), 'tmpfs', MS_NOSUID, 'size=64k');
  const text = parseMountInfo(readFileSync('/proc/self/mountinfo'));
  expect(readMountTableSync().entries.map(withoutId)).toEqual(text);
  expect((await readMountTable()).entries.map(withoutId)).toEqual(text);
  const table = await readMountTable({ pid: process.pid });
  expect(table.entries.map(withoutId)).toEqual(text);
  expect(table.at(place.path('a'))).toMatchObject({ source: 'a b', options: ['rw', 'nosuid', 'relatime'] });
});

test('entries of the mount table have the mount IDs of the handles', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const lower = [place.directory('l1'), place.directory('l2')];
  using merged = mountOverlaySync({ lower, target: place.directory('merged') });
  const why = lacksUniqueIds(merged);
  skip(why !== undefined, why);
  const table = await readMountTable();
  expect(table.byId(merged.id)).toBe(table.at(merged.target));
  const known = table.entries.filter(({ uniqueId }) => uniqueId !== null);
  // Since Linux 6.8 every entry has a unique mount ID; on earlier kernels no entry has one.
  expect(known.length).toBe(merged.id > 2n ** 31n ? table.entries.length : 0);
  expect(new Set(known.map(({ uniqueId }) => uniqueId)).size).toBe(known.length);
});

test('at() returns the topmost mount of a stack, and isHidden() is true for the mounts below it', ({ place }) => {
  const target = place.directory('a/b');
  mountSync('one', place.path('a'), 'tmpfs');
  mkdirSync(target);
  mountSync('below', target, 'tmpfs');
  mountSync('two', place.path('a'), 'tmpfs');
  const table = readMountTableSync();
  expect(table.at(place.path('a'))?.source).toBe('two');
  expect(table.at(target)?.source).toBe('two');
  expect(table.under(place.path('a')).map(({ source }) => source)).toEqual(['one', 'below', 'two']);
  const hidden = table.under(place.root).filter((entry) => table.isHidden(entry));
  expect(hidden.map(({ source }) => source)).toEqual(['one', 'below']);
  umountSync(place.path('a'));
  expect(readMountTableSync().at(target)?.source).toBe('below');
});

test('readMountTable returns names that are not UTF-8 as Buffers', async ({ place }) => {
  const name = Buffer.concat([Buffer.from(`${place.root}/`), Buffer.from([0xff, 0x0a, 0x20, 0x5c, 0x09, 0xc3, 0x22])]);
  mkdirSync(name);
  mountSync(Buffer.from([0xfe]), name, 'tmpfs');
  const table = await readMountTable();
  expect(table.at(name)?.target).toEqual(name);
  expect(table.at(name)?.source).toEqual(Buffer.from([0xfe]));
  const bytes = await readMountTable({ encoding: 'buffer' });
  expect(bytes.at(name)?.target.equals(name)).toBe(true);
  expect(bytes.at(place.root)?.target).toEqual(Buffer.from(place.root));
  mountSync('x', place.directory('new\nline'), 'tmpfs');
  expect(readMountTableSync().at(place.path('new\nline'))?.target).toBe(place.path('new\nline'));
});

test('an entry has rootDeleted when its root directory was deleted', ({ place }) => {
  const [source, target] = [place.directory('source/a b'), place.directory('target')];
  mountSync(source, target, null, MS_BIND);
  expect(readMountTableSync().at(target)).toMatchObject({ root: '/source/a b', rootDeleted: false });
  rmdirSync(source);
  expect(readMountTableSync().at(target)).toMatchObject({ root: '/source/a b', rootDeleted: true });
});

test('entries of the mount table show private, unbindable, shared and slave propagation', ({ place }) => {
  const make = (name: string, flags: number) => {
    const target = place.directory(name);
    mountSync('x', target, 'tmpfs');
    mountSync(null, target, null, flags);
    return () => must(readMountTableSync().at(target)).propagation;
  };
  expect(make('private', MS_PRIVATE)()).toEqual({ shared: null, master: null, propagateFrom: null, unbindable: false });
  expect(make('unbindable', MS_UNBINDABLE)().unbindable).toBe(true);
  const shared = make('shared', MS_SHARED)().shared;
  expect(shared).toBeGreaterThan(0);
  const slave = place.directory('slave');
  mountSync(place.path('shared'), slave, null, MS_BIND);
  mountSync(null, slave, null, MS_SLAVE);
  expect(readMountTableSync().at(slave)?.propagation).toMatchObject({ shared: null, master: shared });
  expect(
    readMountTableSync()
      .filter({ propagation: 'slave' })
      .map(({ target }) => target),
  ).toContain(slave);
});

test('readMountTable reads the line of an overlay with 400 layers completely', ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const lower = Array.from({ length: 400 }, (_, index) => place.directory(`${'layer'.repeat(40)}${index}`));
  using merged = mountOverlaySync({ lower, target: place.directory('merged') });
  const entry = must(readMountTableSync().at(merged.target));
  // For layers that are passed as descriptors the mount table shows numbers, or before Linux 6.13 names in /proc.
  const isNamed = merged.strategy === 'fsconfig' && !entry.superOptionsText.includes('/proc/thread-self/fd/');
  if (isNamed) expect(entry.superOptionsText.length).toBeGreaterThan(80_000);
  expect(merged.overlaySync().lower).toEqual(lower);
});

/** Starts a process in a new mount namespace that runs the script and then waits. */
async function inAnotherNamespace(script: string): Promise<{ child: ChildProcess; pid: number }> {
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', `${script}; echo ready; exec cat`];
  const child = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { child, pid: must(child.pid) };
}

test('readMountTable with pid returns the mount table of the other process', async ({ place }) => {
  const target = place.directory('there');
  const { child, pid } = await inAnotherNamespace(`mount -t tmpfs other '${target}'`);
  try {
    const table = await readMountTable({ pid });
    expect(table.at(target)?.source).toBe('other');
    expect(readMountTableSync().at(target)?.source).toBe('place');
    const text = parseMountInfo(readFileSync(`/proc/${pid}/mountinfo`));
    expect(table.entries.map(withoutId)).toEqual(text);
  } finally {
    child.stdin?.end();
    await new Promise((resolve) => child.once('exit', resolve));
  }
});

test('readMountTable rejects with ENOENT for a missing process, and rejects wrong arguments', async () => {
  const path = '/proc/4194303/mountinfo';
  const reason = 'no process is running under /proc/4194303: give the ID of a running process';
  const missing = { code: 'ENOENT', syscall: 'open', step: 'open the mount table', path, reason };
  expect(thrownBy(() => readMountTableSync({ pid: 4194303 }))).toMatchObject(missing);
  expect(await rejectionOf(readMountTable({ pid: 4194303 }))).toMatchObject(missing);
  for (const pid of [0, -1, 1.5, 2 ** 23, Number.NaN]) {
    expect(thrownBy(() => readMountTableSync({ pid }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  }
  expect(await rejectionOf(readMountTable({ pid: '1' as never }))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(await rejectionOf(readMountTable({ pit: 1 } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(thrownBy(() => readMountTableSync({ encoding: 'x' as never }))).toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test('readMountTable returns every permanent mount with its ID while another process mounts and unmounts', async ({
  place,
}) => {
  const kept = Array.from({ length: 20 }, (_, index) => place.directory(`kept${index}`));
  for (const target of kept) mountSync('kept', target, 'tmpfs');
  const before = readMountTableSync();
  const ids = kept.map((target) => before.at(target)?.uniqueId);
  const busyTarget = place.directory('storm');
  // A child process mounts and unmounts as fast as it can.
  const script = `i=0; while [ $i -lt ${times(400, 40)} ]; do mount -t tmpfs x "$0"; umount "$0"; i=$((i+1)); done`;
  const child = spawn('sh', ['-c', script, busyTarget], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  for (let round = 0; !isOver || round < 20; round += 1) {
    const table = await readMountTable();
    expect(kept.map((target) => table.at(target)?.uniqueId)).toEqual(ids);
  }
  await ended;
  expect(readMountTableSync().entries).toEqual(before.entries);
});

test('a hundred concurrent readMountTable calls do not change the number of mounts', async () => {
  const count = () => readMountTableSync().entries.length;
  const entries = count();
  await Promise.all(Array.from({ length: 100 }, () => readMountTable()));
  expect(count()).toBe(entries);
});
