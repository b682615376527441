// Tests the end of processes and workers in every phase of a call. Each test uses a child process, whose status shows a
// crash.
import { expect, vi } from 'vitest';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { inEveryPass, patience, times } from '../../support/effort.js';
import { fuseDevice, isRealRoot, lacks } from '../../support/environment.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';

vi.setConfig({ testTimeout: patience(120_000) });

// A FUSE filesystem that no process serves, as in support/hang.ts, for programs that can only import the built library.
const HANG = `
  import { openSync, closeSync } from 'node:fs';
  import { mount, mountSync, umountSync, constants } from 'linux-mount';
  const [root, arg] = process.argv.slice(1);
  const device = openSync(${JSON.stringify(fuseDevice)}, 'r+');
  mountSync('hang', root + '/hang', 'fuse', 0, 'fd=' + device + ',rootmode=40000,user_id=0,group_id=0');
  const hang = (count) => Array.from({ length: count }, (_, i) => mount('x', root + '/hang/' + i, 'tmpfs').catch((error) => error));
`;

test.for([
  ['process.exit()', 'process.exit(3)', 3, null],
  ['an uncaught exception', "setTimeout(() => { throw new Error('uncaught') })", 1, null],
  ['SIGTERM', "process.kill(process.pid, 'SIGTERM')", null, 'SIGTERM'],
  ['SIGKILL', "process.kill(process.pid, 'SIGKILL')", null, 'SIGKILL'],
] as const)(
  'a process with calls that hang in the kernel ends with the expected status: %s',
  async ([_name, end, status, signal], { place, skip }) => {
    skip(lacks.fuse !== undefined, lacks.fuse);
    place.directory('hang');
    const finished = await runNode(`${HANG} hang(16); setTimeout(() => { ${end} }, 100);`, { args: [place.root] });
    expect({ status: finished.status, signal: finished.signal }).toEqual({ status, signal });
  },
);

test('process.exit() ends a process at once although its calls have just begun', async ({ place }) => {
  const targets = Array.from({ length: 32 }, (_, index) => place.directory(`t${index}`));
  for (const delay of [
    'process.exit(3)',
    'setImmediate(() => process.exit(3))',
    'setTimeout(() => process.exit(3), 1)',
  ]) {
    const { status, signal } = await runNode(
      `import { mount } from 'linux-mount';
       for (const target of process.argv.slice(1)) mount('x', target, 'tmpfs').catch(() => {});
       ${delay}`,
      { args: targets },
    );
    expect({ status, signal }).toEqual({ status: 3, signal: null });
  }
});

test('eight workers load the addon at the same time, and the calls of each succeed', async ({ place }) => {
  for (let index = 0; index < 8; index += 1) place.directory(`t${index}`);
  const { status, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     const source = ${JSON.stringify(`
       const { mount, mountSync, umount, umountSync } = library;
       for (let round = 0; round < 50; round++) {
         await mount('x', workerData.target, 'tmpfs');
         await umount(workerData.target);
         mountSync('x', workerData.target, 'tmpfs');
         umountSync(workerData.target);
       }
       parentPort.postMessage('done');`)};
     let done = 0;
     const ended = Array.from({ length: 8 }, (_, index) => new Promise((resolve) => {
       const worker = startWorker(source, { target: process.argv[1] + '/t' + index });
       worker.on('message', () => { done += 1; }).on('exit', resolve);
     }));
     console.log(await Promise.all(ended), done);`,
    { args: [place.root] },
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: '[\n  0, 0, 0, 0,\n  0, 0, 0, 0\n] 8\n',
    stderr: '',
  });
});

/** The number of terminations, spread over 60 milliseconds: 20 at full effort. */
const TERMINATIONS = inEveryPass(20, 6);

test.for([
  ['only the worker has loaded the addon', ''],
  ['the main thread has loaded the addon too', "await import('linux-mount');"],
])('a worker can be terminated while its calls run: %s', async ([_name, main], { place }) => {
  for (let index = 0; index < 64; index += 1) place.directory(`t${index}`);
  const { status, signal, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     ${main}
     const source = ${JSON.stringify(`
       const { mount, umount } = library;
       parentPort.postMessage('ready');
       const again = async (target) => { for (;;) { await mount('x', target, 'tmpfs'); await umount(target); } };
       await Promise.all(Array.from({ length: 64 }, (_, i) => again(workerData.root + '/t' + i)));`)};
     for (let round = 0; round < ${TERMINATIONS}; round++) {
       const worker = startWorker(source, { root: process.argv[1] });
       await messageOf(worker);
       await new Promise((resolve) => setTimeout(resolve, (round * 60) / ${TERMINATIONS}));
       await worker.terminate();
     }
     console.log('survived');`,
    { args: [place.root], timeout: 300_000 },
  );
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'survived\n', stderr: '' });
});

// Node.js cannot create values in a worker that is being terminated, and each result creates strings, numbers or
// Buffers.
test('a worker can be terminated while results of every kind arrive', async ({ place }) => {
  place.directory('t');
  place.directory('upper', Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, ''])));
  place.directory('lower');
  const { status, signal, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     import { mountSync, umountSync } from 'linux-mount';
     const [root] = process.argv.slice(1);
     const source = ${JSON.stringify(`
       const { root } = workerData;
       const spec = { upper: root + '/upper', lower: [root + '/lower'], userxattr: ${!isRealRoot} };
       const ignore = () => {};
       const kinds = [
         async () => { for await (const change of library.watchMountTable()) ignore(change); },
         () => library.readMountTable(),
         () => library.mountAt(root),
         () => library.isMountPoint(root),
         () => library.holders(root).catch(ignore),
         () => library.mountBind(root + '/missing', root + '/t').catch(ignore),
         () => library.umount(root + '/upper', { recursive: true }).catch(ignore),
         () => library.detachedBind(root).then((tree) => tree.close(), ignore),
         async () => { for await (const change of layers.changes(spec)) ignore(change); },
         () => layers.isOpaque(root + '/upper', { userxattr: ${!isRealRoot} }),
       ];
       const again = async (kind) => { for (;;) await kind(); };
       const all = kinds.map(again);
       parentPort.postMessage('ready');
       await Promise.all(all);`)};
     const timer = setInterval(() => { mountSync('x', root + '/t', 'tmpfs'); umountSync(root + '/t', { lazy: true }); }, 1);
     for (let round = 0; round < ${times(60, 10)}; round++) {
       const worker = startWorker(source, { root });
       await messageOf(worker);
       await new Promise((resolve) => setTimeout(resolve, 20 + (round % 20)));
       await worker.terminate();
     }
     clearInterval(timer);
     console.log('survived');`,
    { args: [place.root], timeout: 300_000 },
  );
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'survived\n', stderr: '' });
});

test('a worker can be terminated while its calls hang, and the calls end after the worker', async ({ place, skip }) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  place.directory('hang');
  place.directory('target');
  const { status, signal, stdout, stderr } = await runNode(
    `${HANG} ${WORKER_FUNCTIONS}
     const source = ${JSON.stringify(`
       for (let i = 0; i < 16; i++) library.mount('x', workerData.root + '/hang/' + i, 'tmpfs').catch(() => {});
       setTimeout(() => parentPort.postMessage('ready'), 100);`)};
     for (let round = 0; round < 3; round++) {
       const worker = startWorker(source, { root });
       await messageOf(worker);
       await worker.terminate();
     }
     closeSync(device);
     umountSync(root + '/hang', constants.MNT_DETACH);
     await mount('x', root + '/target', 'tmpfs');
     await new Promise((resolve) => setTimeout(resolve, 300));
     console.log('survived');`,
    { args: [place.root] },
  );
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'survived\n', stderr: '' });
});

test('the addon works in other threads after a worker that has loaded it ends', async ({ place }) => {
  place.directory('target');
  const { status, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     const source = "await library.mount('x', workerData.root + '/target', 'tmpfs');";
     for (let round = 0; round < 10; round++) {
       const worker = startWorker(source, { root: process.argv[1] });
       console.log(await new Promise((resolve) => worker.on('exit', resolve)));
     }
     const { mount, umount } = await import('linux-mount');
     for (let round = 0; round < 10; round++) await umount(process.argv[1] + '/target');`,
    { args: [place.root] },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0\n'.repeat(10), stderr: '' });
  expect(mountTable().filter(({ mountPoint }) => mountPoint === place.path('target'))).toEqual([]);
});
