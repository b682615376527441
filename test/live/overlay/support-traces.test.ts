// Tests that overlaySupport() leaves no mount, descriptor, child process or file behind, and disturbs no other work.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { overlaySupport } from '../../../lib/index.js';
import { runNode, WORKER_FUNCTIONS, withoutPrivilege } from '../../support/child.js';
import { inEveryPass, patience } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { descriptors, libraryThreads, openedSince, readOfThread } from '../../support/own-process.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

test('twenty concurrent overlaySupport() calls leave no mount, descriptor, child process or file', async ({
  place,
  skip,
}) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const directories = Array.from({ length: 20 }, (_, index) => place.directory(`d${index}`));
  const onDisk = mkdtempSync(join(tmpdir(), 'support-'));
  await overlaySupport(place.root);
  await vi.waitUntil(() => libraryThreads().length === 0, { timeout: patience(10_000) });
  const before = { table: mountTable(), open: descriptors(), children: children() };
  const calls = [...directories, onDisk].map((directory) => overlaySupport(directory));
  // Other child processes of this process must be reaped while overlaySupport() starts and reaps its own child
  // processes.
  const others = Array.from({ length: 8 }, (_, index) =>
    promisify(execFile)('sh', ['-c', `exit ${index}`]).then(
      () => 0,
      ({ code }) => code,
    ),
  );
  expect(await Promise.all(others)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const supports = await Promise.all(calls);
  expect(supports.every(({ overlay }) => overlay.supported)).toBe(true);
  await vi.waitUntil(() => libraryThreads().length === 0, { timeout: patience(10_000) });
  expect({ table: mountTable(), children: children() }).toEqual({ table: before.table, children: before.children });
  expect(openedSince(before.open)).toEqual([]);
  for (const directory of [...directories, onDisk]) expect(readdirSync(directory)).toEqual([]);
  rmdirSync(onDisk);
});

/** The child processes of all threads of this process, zombies included. */
function children(): string[] {
  return readdirSync('/proc/self/task')
    .flatMap((id) => readOfThread(id, 'children').split(' '))
    .filter(Boolean);
}

test('overlaySupport() for a directory that hangs does not block a call for another directory', async ({
  place,
  skip,
}) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  skip(lacks.fuse !== undefined, lacks.fuse);
  using hang = new Hang(place.directory('hang'));
  const stuck = overlaySupport(join(hang.path, 'directory'));
  expect((await overlaySupport(place.directory('free'))).overlay).toEqual({ supported: true });
  hang.end();
  expect(await rejectionOf(stuck)).toMatchObject({ syscall: 'chdir' });
});

test('overlaySupport() removes its files when its worker is terminated during the call', async ({ place }) => {
  const rounds = inEveryPass(10, 4);
  const { status, signal, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     import { readdirSync } from 'node:fs';
     const [directory] = process.argv.slice(1);
     const source = \`
       for (let i = 0; i < 8; i++) library.overlaySupport(workerData.directory + '/.'.repeat(i));
       parentPort.postMessage('begun');\`;
     for (let round = 0; round < ${rounds}; round++) {
       const worker = startWorker(source, { directory });
       await messageOf(worker);
       await new Promise((resolve) => setTimeout(resolve, (round * 40) / ${rounds}));
       await worker.terminate();
     }
     // The calls end on their threads, without the worker.
     for (let wait = 0; readdirSync(directory).length > 0 && wait < 500; wait++) await new Promise((resolve) => setTimeout(resolve, 20));
     console.log(readdirSync(directory));`,
    { args: [place.directory('directory')] },
  );
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: '[]\n', stderr: '' });
});

test('overlaySupport() without privilege reports everything except d_type as not supported, with a reason', async ({
  place,
  skip,
}) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { status, stdout, stderr } = await runNode(
    `import { overlaySupport } from 'linux-mount';
     const { overlay, options, filesystem, maxLayers } = await overlaySupport(process.argv[1]);
     console.log(JSON.stringify({ overlay, index: options.index, lower: filesystem.lower, dType: filesystem.dType, maxLayers }));`,
    {
      args: [place.directory('directory', { file: 'x' })],
      wrapper: withoutPrivilege,
    },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const none = { supported: false, reason: expect.stringMatching(/EPERM.*CAP_SYS_ADMIN/) };
  expect(JSON.parse(stdout)).toEqual({
    overlay: none,
    index: none,
    lower: none,
    dType: { supported: true },
    maxLayers: 0,
  });
});

test('overlaySupport() rejects with ENOMEM and caches nothing when unshare(2) fails with ENOMEM', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const { stdout, stderr } = await runNode(
    `import { overlaySupport } from 'linux-mount';
     await overlaySupport(process.argv[1]).catch(({ code, syscall }) => console.log(code, syscall));`,
    { args: [place.root], deny: ['unshare=ENOMEM'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'ENOMEM unshare\n', stderr: '' });
});

test('overlaySupport() reports that a sandbox refuses unshare(2) when unshare(2) fails with EPERM', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const { stdout, stderr } = await runNode(
    `import { overlaySupport } from 'linux-mount';
     console.log((await overlaySupport(process.argv[1])).options.uuid.on.reason);`,
    { args: [place.root], deny: ['unshare=EPERM'] },
  );
  expect({ stdout, stderr }).toEqual({
    stdout: 'a sandbox refuses unshare(2), and without a private mount namespace no overlay can be tried\n',
    stderr: '',
  });
});
