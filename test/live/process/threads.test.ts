// Tests the threads of the addon: calls that hang block no other call, and idle threads end.
import { promises as fs, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { mount, mountOverlay, mountSync, umount } from '../../../lib/index.js';
import { asOrdinaryUser, runNode } from '../../support/child.js';
import { fuseDevice, lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { libraryThreads, readOfThread } from '../../support/own-process.js';
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';

async function until(condition: () => boolean, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!condition() && Date.now() < end) await sleep(20);
  expect(condition()).toBe(true);
}

test('64 mount() calls that hang block neither file reads nor other mounts', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  skip(lacks.fuse !== undefined, lacks.fuse);
  const file = place.file('file', 'content');
  const target = place.directory('target');
  const layers = { lower: [place.directory('l1'), place.directory('l2')], target: place.directory('merged') };
  using hang = new Hang(place.directory('hang'));
  const settled: unknown[] = [];
  const hung = Array.from({ length: 64 }, (_, index) =>
    mount('x', `${hang.path}/${index}`, 'tmpfs').catch((error: unknown) => settled.push(error)),
  );
  await until(() => libraryThreads().length >= 64, 10);

  // libuv has four threads, so eight reads would wait if the mounts used any of these threads.
  const contents = await Promise.all(Array.from({ length: 8 }, () => fs.readFile(file, 'utf8')));
  expect(contents).toEqual(Array(8).fill('content'));
  await mount('free', target, 'tmpfs');
  expect(tableEntry(target)?.source).toBe('free');
  await umount(target);
  await using _merged = await mountOverlay(layers);
  mountSync('free', target, 'tmpfs');
  expect(settled).toEqual([]);

  hang.end();
  await Promise.all(hung);
  expect(settled).toHaveLength(64);
  expect(new Set(settled.map((error) => (error as { syscall: string }).syscall))).toEqual(new Set(['mount']));
});

test('mount() calls that hang do not block a mountSync() that needs a thread', async ({ place, skip }) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  place.directory('target');
  using hang = new Hang(place.directory('hang'));
  const hung = Array.from({ length: 8 }, () => mount('x', `${hang.path}/x`, 'tmpfs').catch(() => {}));
  mountSync('free', 'target', 'tmpfs', 0, null, { cwd: place.root });
  expect(tableEntry(place.path('target'))?.source).toBe('free');
  hang.end();
  await Promise.all(hung);
});

test('the threads of the addon end when no call is left', async ({ place }) => {
  const targets = Array.from({ length: 20 }, (_, index) => place.directory(`t${index}`));
  await Promise.all(targets.map((target) => mount('x', target, 'tmpfs')));
  expect(libraryThreads().length).toBeGreaterThan(0);
  await until(() => libraryThreads().length === 0, 10);
});

test('the threads of the addon block all signals, and keep no directory busy', async ({ place }) => {
  const inside = place.directory('inside');
  await mount('x', 'inside', 'tmpfs', 0, null, { cwd: place.root });
  await umount(inside);
  const threads = libraryThreads();
  expect(threads.length).toBeGreaterThan(0);
  for (const id of threads) {
    const blocked = BigInt(`0x${/^SigBlk:\s*(\w+)/m.exec(readOfThread(id, 'status'))?.[1]}`);
    // All signals are blocked except SIGKILL and SIGSTOP, and those that the C library reserves.
    const except = [9, 19, 32, 33, 34].reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);
    expect(blocked | except).toBe((1n << 64n) - 1n);
    expect(readlinkSync(`/proc/self/task/${id}/cwd`)).toBe('/');
  }
});

test('a process with a pending mount() ends after the call, and an idle thread does not delay its end', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  const target = place.directory('target');
  const { status, stderr } = await runNode(
    `import { mount } from 'linux-mount';
     mount('late', process.argv[1], 'tmpfs').then(() => { process.exitCode = 7; });`,
    { args: [target] },
  );
  // The promise resolved before the process ended, and the thread that stays idle for a second did not delay the end.
  expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
  expect(tableEntry(target)?.source).toBe('late');
});

test('mount() works when a sandbox refuses unshare(2), and rejects with EPERM with the option cwd', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  place.directory('target');
  const { stdout, stderr } = await runNode(
    `import { mount, umount } from 'linux-mount';
     process.chdir(process.argv[1]);
     await mount('x', 'target', 'tmpfs');
     await umount('target');
     await mount('x', 'target', 'tmpfs', 0, null, { cwd: '/' }).catch(({ code, syscall }) => console.log(code, syscall));
     console.log(process.cwd() === process.argv[1]);`,
    { args: [place.root], deny: ['unshare=EPERM'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EPERM unshare\ntrue\n', stderr: '' });
});

test('mount() with cwd rejects with ENOMEM and a reason when unshare(2) fails for lack of memory', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const { stdout, stderr } = await runNode(
    `import { mount } from 'linux-mount';
     await mount('x', 'x', 'tmpfs', 0, null, { cwd: process.argv[1] })
       .catch(({ code, syscall, reason }) => console.log(code, syscall, reason));`,
    { args: [place.directory('cwd')], deny: ['unshare=ENOMEM'] },
  );
  expect({ stdout, stderr }).toEqual({
    stdout: expect.stringMatching(/^ENOMEM unshare the kernel has too little memory for this call at the moment/),
    stderr: '',
  });
});

test('mount() rejects with EAGAIN when the process may not create another thread', async ({ place, skip }) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  const { stdout, stderr } = await runNode(
    `import { mount, umount } from 'linux-mount';
     import { execFileSync } from 'node:child_process';
     execFileSync('prlimit', ['--nproc=1', '--pid', String(process.pid)]);
     await mount('x', process.argv[1], 'tmpfs').catch(({ code, syscall }) => console.log(code, syscall));`,
    {
      args: [place.directory('target')],
      wrapper: asOrdinaryUser,
    },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EAGAIN pthread_create\n', stderr: '' });
});

test('operations that wait for an earlier one at their target reject with EAGAIN when no thread can be created for them', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  const { stdout, stderr } = await runNode(
    `import { mountSync, mountTmpfs } from 'linux-mount';
     import { execFileSync, spawn } from 'node:child_process';
     import { closeSync, openSync, readFileSync } from 'node:fs';
     const [directory, device, over] = process.argv.slice(1);
     const fd = openSync(device, 'r+');
     mountSync('hang', directory, 'fuse', 0, 'rootmode=40000,user_id=0,group_id=0,fd=' + fd);
     const start = (name) =>
       mountTmpfs(directory + '/x', { namespace: { pid: process.pid } }).catch(({ code, syscall }) => [name, code, syscall].join(' '));
     const calls = [start('first'), start('second'), start('third')];
     const limit = (bytes) => ['--as=' + bytes + ':', '--pid', String(process.pid)];
     const size = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024;
     const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
     // Node.js itself cannot run without memory, so this thread does next to nothing until another process has raised the
     // limit again.
     spawn('sh', ['-c', 'until [ -e "$0" ]; do sleep 0.1; done; exec prlimit "$@"', over, ...limit('unlimited')]);
     const isLimited = () => !/Max address space +unlimited/.test(readFileSync('/proc/self/limits', 'latin1'));
     isLimited();
     execFileSync('prlimit', limit(size + 100_000));
     closeSync(fd);
     pause(500);
     closeSync(openSync(over, 'w'));
     while (isLimited()) pause(50);
     for (const result of await Promise.all(calls)) console.log(result);`,
    { args: [place.directory('fuse'), fuseDevice, place.path('over')] },
  );
  expect({ stdout, stderr }).toEqual({
    stdout: 'first ENOTCONN mount\nsecond EAGAIN pthread_create\nthird EAGAIN pthread_create\n',
    stderr: '',
  });
});
