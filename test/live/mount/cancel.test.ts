// Tests the option `signal`: what an operation leaves behind when it is aborted before, during and after its system
// calls.
import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import {
  detachedBind,
  detachedBindSync,
  detachedFilesystem,
  detachedOverlay,
  type Mount,
  mountBind,
  mountBindSync,
  mountFilesystem,
  mountFilesystemSync,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  moveMount,
  moveMountSync,
  remountFilesystem,
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { lacks, pass } from '../../support/environment.js';
import { lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { descriptors, libraryThreads, openedSince } from '../../support/own-process.js';
import { type Place, test } from '../../support/place.js';
import { SlowFilesystem } from '../../support/slow-filesystem.js';
import { mountTable } from '../../support/table.js';
import { rejectionOf, thrownBy, until } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(120_000) });

const ABORTED = { name: 'AbortError', code: 'ABORT_ERR', message: 'The operation was aborted' };

/** The state that an aborted operation must not change: the mount table and the open descriptors of this process. */
function state() {
  return { table: mountTable(), open: descriptors() };
}

function expectNothingLeft(before: ReturnType<typeof state>): void {
  expect(mountTable()).toEqual(before.table);
  expect(openedSince(before.open)).toEqual([]);
}

describe('operation with a signal that is already aborted', () => {
  const signal = AbortSignal.abort('because');

  test('an operation with an aborted signal changes nothing and rejects or throws with AbortError', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const source = place.directory('source');
    const target = place.directory('target');
    const mounted = place.directory('mounted');
    mountSync('x', mounted, 'tmpfs');
    const lower = [place.directory('l1'), place.directory('l2')];
    const inRoot = { root: target, path: 'new', create: 'directory' } as const;
    const before = state();
    const operations: Record<string, () => Promise<unknown>> = {
      mountBind: () => mountBind(source, inRoot, { signal }),
      mountBindSync: async () => mountBindSync(source, inRoot, { signal }),
      mountTmpfs: () => mountTmpfs(inRoot, { signal }),
      mountTmpfsSync: async () => mountTmpfsSync(inRoot, { signal }),
      'mountTmpfs, reuse': () => mountTmpfs(mounted, { signal, ifMounted: 'reuse' }),
      mountFilesystem: () => mountFilesystem('x', inRoot, 'tmpfs', { signal }),
      mountFilesystemSync: async () => mountFilesystemSync('x', inRoot, 'tmpfs', { signal }),
      mountOverlay: () => mountOverlay({ lower, target: inRoot, signal }),
      mountOverlaySync: async () => mountOverlaySync({ lower, target: inRoot, signal }),
      moveMount: () => moveMount(mounted, inRoot, { signal }),
      moveMountSync: async () => moveMountSync(mounted, inRoot, { signal }),
      setMountAttributes: () => setMountAttributes(mounted, { readonly: true }, { signal }),
      setMountAttributesSync: async () => setMountAttributesSync(mounted, { readonly: true }, { signal }),
      setPropagation: () => setPropagation(mounted, 'shared', { signal }),
      setPropagationSync: async () => setPropagationSync(mounted, 'shared', { signal }),
      remountFilesystem: () => remountFilesystem(mounted, { readonly: true, signal }),
      detachedBind: () => detachedBind(source, { signal }),
      detachedBindSync: async () => detachedBindSync(source, { signal }),
      detachedOverlay: () => detachedOverlay({ lower, signal }),
      detachedFilesystem: () => detachedFilesystem('x', 'tmpfs', { signal }),
      umount: () => umount(mounted, { signal }),
      'umount, recursive': () => umount(mounted, { signal, recursive: true }),
    };
    for (const [name, operation] of Object.entries(operations)) {
      const error = await rejectionOf(operation());
      expect({ name, error }).toMatchObject({ name, error: { ...ABORTED, cause: 'because' } });
      expect(error).toBeInstanceOf(Error);
    }
    expectNothingLeft(before);
    expect(readdirSync(target)).toEqual([]);
    expect(thrownBy(() => umountSync(mounted, { signal }))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('a handle can still be unmounted or attached after a call with an aborted signal', async ({ place, skip }) => {
    const mount = await mountTmpfs(place.directory('t'));
    expect(await rejectionOf(mount.unmount({ signal }))).toMatchObject(ABORTED);
    expect(mountTable().some(({ mountPoint }) => mountPoint === mount.target)).toBe(true);
    await mount.unmount();
    skip(lacks.treeCalls !== undefined, lacks.treeCalls);
    await using tree = await detachedBind(place.directory('source'));
    expect(await rejectionOf(tree.attach(place.path('t'), { signal }))).toMatchObject(ABORTED);
    expect(tree.closed).toBe(false);
    await using attached = await tree.attach(place.path('t'));
    expect(attached.target).toBe(place.path('t'));
  });

  test('an operation rejects with ERR_INVALID_ARG_TYPE when the option signal is not an AbortSignal', async ({
    place,
  }) => {
    const target = place.directory('t');
    for (const wrong of [null, {}, new AbortController(), 'signal']) {
      expect(await rejectionOf(mountTmpfs(target, { signal: wrong as never }))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
  });
});

/** An operation that hangs in a lookup in a slow filesystem. */
interface Hanging {
  readonly name: string;
  readonly lacks?: string | undefined;
  /** @param slow a path that the kernel looks up in the slow filesystem */
  start(place: Place, slow: string, signal: AbortSignal): Promise<unknown>;
}

const layersOn = (place: Place, slow: string) => [place.directory('l1'), slow];
const created = (place: Place) => ({ root: place.directory('root'), path: 'new/deep', create: 'directory' }) as const;
const movable = (place: Place) => {
  const path = place.directory('movable');
  mountSync('moved', path, 'tmpfs');
  return path;
};

const hanging: readonly Hanging[] = [
  {
    name: 'mountBind() with its source on a slow filesystem',
    start: (place, slow, signal) => mountBind(slow, created(place), { signal, readonly: true }),
  },
  {
    name: 'a recursive mountBind() with its source on a slow filesystem',
    start: (place, slow, signal) => mountBind(slow, created(place), { signal, recursive: true }),
  },
  {
    name: 'mountBind() with its target on a slow filesystem',
    start: (place, slow, signal) => mountBind(place.directory('source'), slow, { signal }),
  },
  { name: 'mountTmpfs() on a slow filesystem', start: (_, slow, signal) => mountTmpfs(slow, { signal, size: '1m' }) },
  {
    name: 'mountTmpfs() in a root directory on a slow filesystem',
    start: (_, slow, signal) => {
      const [root, path] = slow.split('/slow') as [string, string];
      return mountTmpfs({ root, path: `slow${path}` }, { signal });
    },
  },
  {
    name: 'mountFilesystem() by fsconfig on a slow filesystem',
    lacks: lacks.fsopen,
    start: (_, slow, signal) => mountFilesystem('x', slow, 'tmpfs', { strategy: 'fsconfig', signal }),
  },
  ...(['data', 'fsconfig', 'descriptors'] as const).map((strategy) => ({
    name: `mountOverlay() by ${strategy} with a layer on a slow filesystem`,
    lacks: lacksStrategy(strategy),
    start: (place: Place, slow: string, signal: AbortSignal) =>
      mountOverlay({ lower: layersOn(place, slow), target: created(place), strategy, signal }),
  })),
  {
    name: 'mountOverlay() with ifMounted: reuse and its target on a slow filesystem',
    lacks: lacksOverlay,
    start: (place, slow, signal) =>
      mountOverlay({ lower: layersOn(place, place.directory('l2')), target: slow, ifMounted: 'reuse', signal }),
  },
  {
    name: 'moveMount() with its target on a slow filesystem',
    start: (place, slow, signal) => moveMount(movable(place), slow, { signal }),
  },
  {
    name: 'detachedBind() with its source on a slow filesystem',
    lacks: lacks.treeCalls,
    start: (_, slow, signal) => detachedBind(slow, { signal }),
  },
  {
    name: 'detachedOverlay() with a layer on a slow filesystem',
    lacks: lacks.treeCalls ?? lacksOverlay,
    start: (place, slow, signal) => detachedOverlay({ lower: layersOn(place, slow), signal }),
  },
  {
    name: 'attach() with its target on a slow filesystem',
    lacks: lacks.treeCalls,
    start: async (place, slow, signal) => {
      const tree = detachedBindSync(place.directory('source'));
      try {
        return await tree.attach(slow, { signal });
      } finally {
        tree.closeSync();
      }
    },
  },
];

async function undo(made: unknown): Promise<void> {
  if (typeof made === 'object' && made !== null) await (made as AsyncDisposable)[Symbol.asyncDispose]();
}

describe.each(hanging)('$name', ({ lacks: why, start }) => {
  test('an operation that hangs in the kernel succeeds later when its signal is not aborted', async ({
    place,
    skip,
  }) => {
    skip(why !== undefined, why);
    skip(lacks.fuse !== undefined, lacks.fuse);
    using slow = new SlowFilesystem(place.directory('fuse'));
    const before = mountTable().length;
    const started = start(place, `${slow.path}/slow`, new AbortController().signal);
    await until(() => slow.waiting > 0);
    slow.answer();
    const made = await started;
    expect(made).toBeDefined();
    const isDetached = typeof made === 'object' && made !== null && 'closed' in made;
    if (!isDetached) expect(mountTable().length).toBeGreaterThan(before);
    await undo(made);
  });

  test('an operation that is aborted while it hangs rejects at once, and is undone later', async ({ place, skip }) => {
    skip(why !== undefined, why);
    skip(lacks.fuse !== undefined, lacks.fuse);
    using slow = new SlowFilesystem(place.directory('fuse'));
    await until(() => libraryThreads().length === 0);
    const before = state();
    const controller = new AbortController();
    const started = rejectionOf(start(place, `${slow.path}/slow`, controller.signal));
    await until(() => slow.waiting > 0);
    const waiting = slow.waiting;
    controller.abort('because');
    // The promise rejects before the slow filesystem answers.
    expect(await started).toMatchObject({ ...ABORTED, cause: 'because' });
    expect(slow.waiting).toBe(waiting);
    expect(libraryThreads().length).toBeGreaterThan(0);
    slow.answer();
    await until(() => libraryThreads().length === 0);
    const moved = before.table.length + (mountTable().some(({ source }) => source === 'moved') ? 1 : 0);
    expect(mountTable().length).toBe(moved);
    expect(mountTable().filter(({ mountPoint }) => mountPoint.startsWith(slow.path))).toHaveLength(1);
    expect(openedSince(before.open)).toEqual([]);
    expect(readdirSync(place.directory('root'))).toEqual([]);
  });
});

test('an operation changes no mount when it is aborted before the system call that makes the change', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using slow = new SlowFilesystem(place.directory('fuse'));
  slow.answer();
  const mounts = [await mountTmpfs(`${slow.path}/a/slow1`), await mountTmpfs(`${slow.path}/b/slow2`)];
  const before = mountTable();
  for (const change of [
    (signal: AbortSignal) => setMountAttributes(`${slow.path}/slow-c/../a/slow1`, { readonly: true }, { signal }),
    (signal: AbortSignal) => setPropagation(`${slow.path}/slow-d/../a/slow1`, 'unbindable', { signal }),
    (signal: AbortSignal) => remountFilesystem(`${slow.path}/slow-e/../a/slow1`, { readonly: true, signal }),
    (signal: AbortSignal) => moveMount(`${slow.path}/slow-f/../a/slow1`, `${slow.path}/g`, { signal }),
  ]) {
    slow.hold();
    const controller = new AbortController();
    const started = rejectionOf(change(controller.signal));
    await until(() => slow.waiting > 0);
    controller.abort();
    expect(await started).toMatchObject(ABORTED);
    expect(slow.waiting).toBe(1);
    slow.answer();
    await until(() => libraryThreads().length === 0);
    expect(mountTable()).toEqual(before);
  }
  for (const mount of mounts) await mount.unmount();
});

test('umount rejects at once when it is aborted while the kernel hangs, and makes no further system call', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using slow = new SlowFilesystem(place.directory('fuse'));
  slow.answer();
  const mount = await mountTmpfs(`${slow.path}/a`);
  const file = place.directory('keep');
  mountSync('x', file, 'tmpfs');
  slow.hold();
  const controller = new AbortController();
  const { signal } = controller;
  const started = rejectionOf(umount(`${slow.path}/slow/../a`, { signal, retry: { for: 60_000 } }));
  await until(() => slow.waiting > 0);
  controller.abort();
  expect(await started).toMatchObject(ABORTED);
  expect(slow.waiting).toBe(1);
  slow.answer();
  await until(() => libraryThreads().length === 0);
  // umount() documents that a system call that has begun may still unmount the mount after the abort.
  await mount.unmount().catch((error: unknown) => expect(error).toMatchObject({ code: 'EINVAL' }));
  expect(mountTable().filter(({ mountPoint }) => mountPoint === `${slow.path}/a`)).toEqual([]);
});

test('an operation rejects at once when it is aborted during the search for the reason of a failure', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using slow = new SlowFilesystem(place.directory('fuse'));
  const controller = new AbortController();
  // The source is missing. The search for the reason then looks at the target, and that lookup hangs.
  const { signal } = controller;
  const started = rejectionOf(mountBind(place.path('missing'), `${slow.path}/slow`, { signal }));
  await until(() => slow.waiting > 0);
  controller.abort();
  expect(await started).toMatchObject(ABORTED);
  slow.answer();
  await until(() => libraryThreads().length === 0);
});

test('an operation waits without a thread for the earlier operations at its target, and for no other', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using slow = new SlowFilesystem(place.directory('fuse'));
  const [target, other] = [`${slow.path}/slow`, place.directory('other')];
  await until(() => libraryThreads().length === 0);
  const order: string[] = [];
  const start = (source: string, signal?: AbortSignal) =>
    mountTmpfs(target, { source, ...(signal && { signal }) }).finally(() => order.push(source));
  const [first, second] = [start('first'), start('second')];
  const controller = new AbortController();
  const aborted = start('aborted', controller.signal);
  const last = start('last');
  await until(() => slow.waiting > 0);
  expect(libraryThreads()).toHaveLength(1);
  await (await mountTmpfs(other)).unmount();
  controller.abort();
  expect(await rejectionOf(aborted)).toMatchObject(ABORTED);
  expect(order).toEqual(['aborted']);
  slow.answer();
  const made = await Promise.all([first, second, last]);
  expect(order).toEqual(['aborted', 'first', 'second', 'last']);
  const sources = mountTable().flatMap(({ mountPoint, source }) => (mountPoint === target ? [source] : []));
  expect(sources).toEqual(['first', 'second', 'last']);
  for (const mount of made.reverse()) await mount.unmount();
});

const ROUNDS = times(pass === 'root' ? 4_000 : 1_000, 200);
/** The test ends after ROUNDS rounds or after this time in milliseconds: rounds take longer on a slow machine. */
const TIME = patience(60_000);

const racing: readonly (readonly [
  string,
  string | undefined,
  (place: Place, index: number, signal: AbortSignal) => Promise<Mount>,
])[] = [
  [
    'mountBind',
    undefined,
    (place, index, signal) =>
      mountBind(
        place.path('source'),
        { root: place.root, path: `r/${index}/t`, create: 'directory' },
        { readonly: true, signal },
      ),
  ],
  ['mountTmpfs', undefined, (place, index, signal) => mountTmpfs(place.path(`t/${index}`), { signal })],
  [
    'mountOverlay',
    lacksOverlay,
    (place, index, signal) =>
      mountOverlay({ lower: [place.path('source'), place.path('other')], target: place.path(`t/${index}`), signal }),
  ],
  [
    'mountOverlay in a root directory',
    lacksStrategy('fsconfig'),
    (place, index, signal) =>
      mountOverlay({
        lower: [place.path('source'), place.path('other')],
        target: { root: place.root, path: `r/${index}/t`, create: 'directory' },
        strategy: 'fsconfig',
        signal,
      }),
  ],
  [
    'mountTmpfs in another mount namespace',
    undefined,
    (place, index, signal) => mountTmpfs(place.path(`t/${index}`), { namespace: { pid: process.pid }, signal }),
  ],
];

test.for(racing)(
  'an operation that is aborted at a random moment either returns a handle of a mount or leaves nothing: %s',
  async ([_name, why, mount], { place, skip }) => {
    skip(why !== undefined, why);
    place.directory('source');
    place.directory('other');
    place.directory('r');
    const WIDTH = 16;
    for (let index = 0; index < WIDTH; index += 1) place.directory(`t/${index}`);
    await until(() => libraryThreads().length === 0);
    const before = state();
    const count = { mounted: 0, aborted: 0, rounds: 0 };
    // On one processor the kernel may finish every call before any other code can abort it.
    const isAborted = () => count.aborted > 0 || availableParallelism() === 1;
    // Measures how long a call takes, to spread the aborts over that time. Most aborts come early, because parallel
    // calls take less time each.
    const start = performance.now();
    for (let round = 0; round < 20; round += 1) await (await mount(place, 0, new AbortController().signal)).unmount();
    const milliseconds = ((performance.now() - start) / 20) * 2;
    const moment = () => milliseconds * Math.random() ** 3;
    const isShort = () => count.rounds < ROUNDS && performance.now() - start < TIME;
    while (isShort() || count.mounted === 0 || !isAborted()) {
      await Promise.all(
        Array.from({ length: WIDTH }, async (_, index) => {
          count.rounds += 1;
          const controller = new AbortController();
          const started = mount(place, index, controller.signal);
          const end = performance.now() + moment();
          if (Math.random() < 0.5) while (performance.now() < end);
          else setTimeout(() => controller.abort(), moment() * 4).unref();
          if (Math.random() < 0.5) controller.abort();
          const made = await started.catch((error: unknown) => {
            count.aborted += 1;
            expect(error).toMatchObject(ABORTED);
          });
          if (made === undefined) return;
          count.mounted += 1;
          // A call that resolves gives a handle of its own mount: unmount() rejects if another mount is at the target.
          await made.unmount();
        }),
      );
    }
    console.log(`   ${_name}: ${JSON.stringify(count)}`);
    await until(() => libraryThreads().length === 0);
    expectNothingLeft(before);
    expect(readdirSync(place.path('r')).filter((name) => readdirSync(`${place.path('r')}/${name}`).length > 1)).toEqual(
      [],
    );
  },
);

test.for(racing)(
  'an operation succeeds while an aborted operation at its target is being undone: %s',
  async ([_name, why, mount], { place, skip }) => {
    skip(why !== undefined, why);
    place.directory('source');
    place.directory('other');
    place.directory('r');
    place.directory('t/0');
    const warned = vi.spyOn(process, 'emitWarning');
    const before = mountTable();
    for (let round = 0; round < times(4_000, 400); round += 1) {
      const controller = new AbortController();
      const aborted = mount(place, 0, controller.signal).then((made) => made.unmount());
      if (round % 3 === 0) controller.abort();
      else setTimeout(() => controller.abort(), Math.random());
      await aborted.catch((error: unknown) => expect(error).toMatchObject(ABORTED));
      await (await mount(place, 0, new AbortController().signal)).unmount();
    }
    await until(() => libraryThreads().length === 0);
    expect(mountTable()).toEqual(before);
    expect(warned).not.toHaveBeenCalled();
  },
);

test('an operation removes its listener from the signal when the call is over', async ({ place }) => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  const remove = vi.spyOn(signal, 'removeEventListener');
  const target = place.directory('t');
  for (let round = 0; round < 10; round += 1) await (await mountTmpfs(target, { signal })).unmount({ signal });
  await rejectionOf(mountTmpfs(place.path('missing'), { signal }));
  expect(add.mock.calls.length).toBeGreaterThan(10);
  expect(remove.mock.calls.length).toBe(add.mock.calls.length);
});

// The child process uses the filesystem that this process serves: a process cannot wait for a filesystem it serves
// itself.
const CHILD = `
  import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
  const [place] = process.argv.slice(1);
  const wait = async (name) => { while (!existsSync(place + '/' + name)) await new Promise((resolve) => setTimeout(resolve, 5)); };
  const busy = () => readdirSync('/proc/self/task').some((id) => { try { return readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim() === 'linux-mount'; } catch { return false; } });
  const mounted = () => readFileSync('/proc/self/mountinfo', 'latin1').includes(' late ');
`;

test('a process with an aborted call ends after the kernel answers, and the aborted mount is undone', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using slow = new SlowFilesystem(place.directory('fuse'));
  const before = mountTable();
  let ended = false;
  const child = runNode(
    `${CHILD}
     const { mountTmpfs } = await import('linux-mount');
     process.on('unhandledRejection', (error) => { console.log('unhandled', error); });
     const controller = new AbortController();
     const started = mountTmpfs(place + '/fuse/slow', { source: 'late', signal: controller.signal });
     setTimeout(() => controller.abort(), 50);
     await started.catch(({ name }) => console.log(name));
     process.on('exit', () => console.log(existsSync(place + '/answered'), mounted()));
     writeFileSync(place + '/aborted', '');`,
    { args: [place.root], nodeArgs: ['--unhandled-rejections=strict'] },
  ).finally(() => {
    ended = true;
  });
  await until(() => slow.waiting > 0 && readdirSync(place.root).includes('aborted'));
  await sleep(100);
  expect(ended).toBe(false);
  writeFileSync(place.path('answered'), '');
  slow.answer();
  expect(await child).toEqual({ status: 0, signal: null, stdout: 'AbortError\ntrue false\n', stderr: '' });
  expect(mountTable()).toEqual(before);
});

test.for([
  ['aborted', true],
  ['not aborted', false],
] as const)(
  'a worker can be terminated while its calls hang in the kernel, and only aborted calls are undone: %s',
  async ([_name, abort], { place, skip }) => {
    skip(lacks.fuse !== undefined, lacks.fuse);
    skip(lacksOverlay !== undefined, lacksOverlay);
    using slow = new SlowFilesystem(place.directory('fuse'));
    const before = mountTable();
    const child = runNode(
      `${CHILD} ${WORKER_FUNCTIONS}
     const source = ${JSON.stringify(`
       const { mountTmpfs, mountOverlay } = library;
       const controller = new AbortController();
       const { signal } = controller;
       const target = { root: workerData.place, path: 'new/t', create: 'directory' };
       const lower = [workerData.place + '/fuse/slow-layer', workerData.place + '/l1'];
       for (const started of [mountTmpfs(workerData.place + '/fuse/slow', { source: 'late', signal }), mountOverlay({ lower, target, source: 'late', strategy: 'data', signal })])
         started.catch(() => {});
       parentPort.on('message', () => { if (workerData.abort) controller.abort(); parentPort.postMessage('done'); });
       parentPort.postMessage('ready');`)};
     const worker = startWorker(source, { place, abort: ${abort} });
     await messageOf(worker);
     await wait('waiting');
     worker.postMessage('go');
     await messageOf(worker);
     await worker.terminate();
     writeFileSync(place + '/terminated', '');
     await wait('answered');
     while (busy()) await new Promise((resolve) => setTimeout(resolve, 5));
     console.log(mounted());`,
      { args: [place.root] },
    );
    place.directory('l1');
    // The overlay waits in the kernel for the tmpfs, because the kernel looks up one name in a directory at a time. The
    // target directory of the overlay exists by now.
    await until(() => slow.waiting > 0 && existsSync(place.path('new/t')));
    writeFileSync(place.path('waiting'), '');
    await until(() => readdirSync(place.root).includes('terminated'));
    slow.answer();
    writeFileSync(place.path('answered'), '');
    expect(await child).toEqual({ status: 0, signal: null, stdout: `${!abort}\n`, stderr: '' });
    const made = mountTable().filter(({ source }) => source === 'late');
    expect(made).toHaveLength(abort ? 0 : 2);
    for (const { mountPoint } of made) await umount(mountPoint);
    expect(mountTable()).toEqual(before);
    // Only an aborted operation removes the directories that it created.
    expect(readdirSync(place.root).includes('new')).toBe(!abort);
  },
);

const CALLS = times(500, 30);

test('thousands of aborted calls cause no unhandled rejection', async ({ place }) => {
  place.directory('source');
  place.directory('t');
  const { status, stdout, stderr } = await runNode(
    `import { detachedFilesystem, mountBind, mountTmpfs, umount } from 'linux-mount';
     const [place] = process.argv.slice(1);
     let settled = 0;
     for (let round = 0; round < ${CALLS}; round++) {
       const controller = new AbortController();
       const { signal } = controller;
       const calls = [
         mountTmpfs(place + '/t', { signal }).then((mount) => mount.unmount({ signal: AbortSignal.timeout(10_000) })),
         mountTmpfs(place + '/missing', { signal }),
         umount(place + '/source', { signal, retry: { for: 5, signal } }),
         umount(place + '/source', { signal, recursive: true }),
       ];
       if (round % 3 === 0) controller.abort();
       else setTimeout(() => controller.abort(), Math.random());
       settled += (await Promise.allSettled(calls)).length;
     }
     console.log(settled);`,
    { args: [place.root], nodeArgs: ['--unhandled-rejections=strict'], timeout: 100_000 },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${4 * CALLS}\n`, stderr: '' });
});

test('a call with a namespace descriptor succeeds after the caller closes the descriptor', async ({ place }) => {
  const fd = openSync('/proc/self/ns/mnt', 'r');
  const controller = new AbortController();
  const target = place.directory('t');
  const started = mountTmpfs(target, { namespace: { fd }, signal: controller.signal });
  closeSync(fd);
  await (await started).unmount().catch((error: unknown) => expect(error).toMatchObject({ code: 'EBADF' }));
  umountSync(target);
});
