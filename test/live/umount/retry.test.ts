// Tests the options `retry`, `then` and `signal` of umount(), umountSync() and unmount() of a handle.
import { closeSync, openSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { mountOverlay, mountSync, umount, umountSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { patience } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksForce, lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

function busy(place: Place) {
  const target = place.directory('t');
  mountSync('x', target, 'tmpfs');
  const file = openSync(`${target}/open`, 'w');
  return { target, end: () => closeSync(file) };
}

test('umount with retry resolves after the file that keeps the mount busy is closed', async ({ place }) => {
  const { target, end } = busy(place);
  const done = umount(target, { retry: { for: 20_000 } });
  await sleep(50);
  expect(tableEntry(target)).toBeDefined();
  end();
  await done;
  expect(tableEntry(target)).toBeUndefined();
});

test('umount with recursive and retry resolves after the file that keeps the tree busy is closed', async ({
  place,
}) => {
  const { target, end } = busy(place);
  mountSync('y', place.directory('t/a'), 'tmpfs');
  const done = umount(target, { recursive: true, retry: { for: 20_000 } });
  await sleep(50);
  end();
  await done;
  expect(tableEntry(target)).toBeUndefined();
});

test('umount with retry rejects with EBUSY when the time is over, and not before', async ({ place }) => {
  const { target, end } = busy(place);
  for (const form of [umount, async (...call: Parameters<typeof umountSync>) => umountSync(...call)]) {
    const start = performance.now();
    expect(await rejectionOf(form(target, { retry: { for: 60 } }))).toMatchObject({ code: 'EBUSY', flags: '0' });
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
  }
  end();
  umountSync(target);
});

test('umountSync with retry sleeps between attempts and unmounts after the other process closes its file', async ({
  place,
}) => {
  const target = place.directory('t');
  mountSync('x', target, 'tmpfs');
  // The other process keeps the file open until it ends.
  const { stdout, stderr } = await runNode(
    `import { umountSync } from 'linux-mount';
     import { spawn } from 'node:child_process';
     import { once } from 'node:events';
     const [target] = process.argv.slice(1);
     const holder = spawn('sh', ['-c', 'exec 3>"$0/open"; echo; sleep ${patience(300) / 1000}', target], { stdio: ['ignore', 'pipe', 'inherit'] });
     await once(holder.stdout, 'data');
     const outcomeOf = (action) => { try { action(); return 'down'; } catch ({ code }) { return code; } };
     console.log(outcomeOf(() => umountSync(target)), outcomeOf(() => umountSync(target, { retry: { for: ${patience(15_000)} } })));`,
    { args: [target] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EBUSY down\n', stderr: '' });
});

test('umount with retry rejects at once for an error other than EBUSY', async ({ place }) => {
  const start = performance.now();
  expect(await rejectionOf(umount(place.directory('t'), { retry: { for: 60_000 } }))).toMatchObject({ code: 'EINVAL' });
  expect(thrownBy(() => umountSync(place.path('t'), { retry: { for: 60_000 } }))).toMatchObject({ code: 'EINVAL' });
  expect(performance.now() - start).toBeLessThan(30_000);
});

test('umount with the option then makes a forced or lazy attempt only after plain attempts fail with EBUSY', async ({
  place,
  skip,
}) => {
  const why = lacksForce(place);
  skip(why !== undefined, why);
  const { target, end } = busy(place);
  expect(await rejectionOf(umount(target, { then: 'force' }))).toMatchObject({ code: 'EBUSY', flags: 'MNT_FORCE' });
  await umount(target, { retry: { for: 10 }, then: 'lazy' });
  expect(tableEntry(target)).toBeUndefined();
  // A plain attempt that fails with EINVAL is not followed by a lazy attempt.
  expect(await rejectionOf(umount(target, { then: 'lazy' }))).toMatchObject({ code: 'EINVAL', flags: '0' });
  end();
});

test.for([
  ['the signal of retry', (signal: AbortSignal) => ({ retry: { for: 60_000, signal } })],
  ['the option signal', (signal: AbortSignal) => ({ signal, retry: { for: 60_000 } })],
  [
    'one of two signals',
    (signal: AbortSignal) => ({ signal: new AbortController().signal, retry: { for: 60_000, signal } }),
  ],
] as const)(
  'umount with retry rejects with AbortError at once when %s is aborted',
  async ([_name, options], { place }) => {
    const { target, end } = busy(place);
    const controller = new AbortController();
    const done = rejectionOf(umount(target, options(controller.signal)));
    await sleep(30);
    const cause = new Error('enough');
    controller.abort(cause);
    const error = (await done) as Error & { code: string };
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause });
    end();
    // No further attempt follows.
    await sleep(250);
    expect(tableEntry(target)).toBeDefined();
    umountSync(target);
  },
);

test('umount rejects with ABORT_ERR and unmounts nothing when the signal is already aborted', async ({ place }) => {
  const target = place.directory('t');
  mountSync('x', target, 'tmpfs');
  const signal = AbortSignal.abort();
  expect(await rejectionOf(umount(target, { signal }))).toMatchObject({ code: 'ABORT_ERR' });
  await sleep(20);
  expect(tableEntry(target)).toBeDefined();
  umountSync(target);
});

test('umount rejects with ABORT_ERR when it is aborted while a system call hangs', async ({ place, skip }) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using hang = new Hang(place.directory('hang'));
  const controller = new AbortController();
  const done = rejectionOf(umount(`${hang.path}/below`, { signal: controller.signal }));
  await sleep(30);
  controller.abort();
  expect(await done).toMatchObject({ code: 'ABORT_ERR' });
  hang.end();
});

test('unmount() of a handle resolves after an earlier unmount() was aborted', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const lower = [place.directory('a', { file: '' }), place.directory('b')];
  const mount = await mountOverlay({ lower, target: place.directory('m') });
  const file = openSync(place.path('m/file'), 'r');
  const controller = new AbortController();
  const done = rejectionOf(mount.unmount({ retry: { for: 60_000 }, signal: controller.signal }));
  await sleep(20);
  controller.abort();
  expect(await done).toMatchObject({ code: 'ABORT_ERR' });
  closeSync(file);
  await sleep(20);
  await mount.unmount();
  expect(tableEntry(place.path('m'))).toBeUndefined();
});

test('umount with retry does not block the event loop while it waits', async ({ place }) => {
  const { target, end } = busy(place);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await rejectionOf(umount(target, { retry: { for: 600 } }));
  const waited = performance.now() - start;
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(waited / 2);
  end();
  umountSync(target);
});
