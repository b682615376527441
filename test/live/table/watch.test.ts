// Tests watchMountTable(): the changes it reports, their order, its end, and what it leaves behind.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import {
  constants,
  type MountEntry,
  type MountTable,
  type MountTableChange,
  type MountTableWatcher,
  mountSync,
  mountTmpfsSync,
  readMountTableSync,
  umountSync,
  watchMountTable,
} from '../../../lib/index.js';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { type ContainerKind, containerKinds, startContainer } from '../../support/container.js';
import { patience, times } from '../../support/effort.js';
import { lacks, pass } from '../../support/environment.js';
import { descriptors, openedSince } from '../../support/own-process.js';
import { type Place, test } from '../../support/place.js';
import { must, thrownBy } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(120_000) });

const { MNT_DETACH, MS_BIND, MS_MOVE, MS_NODEV, MS_REMOUNT, MS_SHARED } = constants;

/** Returns the next change; throws if the iteration has ended. */
async function next(watcher: MountTableWatcher): Promise<MountTableChange> {
  const { value, done } = await watcher.next();
  if (done === true) throw new Error('there is nothing more');
  return value;
}
const hasIds = readMountTableSync().entries[0]?.uniqueId !== null;

test('watchMountTable reports attached, changed, moved and detached mounts', async ({ place }) => {
  const target = place.directory('a');
  await using watcher = watchMountTable();
  mountSync('x', target, 'tmpfs');
  const attached = await next(watcher);
  expect(attached).toEqual({ type: 'attached', entry: readMountTableSync().at(target), previous: null });

  mountSync(null, target, null, MS_REMOUNT | MS_BIND | MS_NODEV);
  const changed = await next(watcher);
  expect(changed).toMatchObject({ type: 'changed', previous: attached.entry });
  expect(changed.entry.options).toEqual(['rw', 'nodev', 'relatime']);

  mountSync(target, place.directory('b'), null, MS_MOVE);
  const moved = await next(watcher);
  expect(moved).toMatchObject({ type: 'changed', previous: changed.entry });
  expect(moved.entry.target).toBe(place.path('b'));

  umountSync(place.path('b'));
  expect(await next(watcher)).toEqual({ type: 'detached', entry: moved.entry, previous: moved.entry });
});

test('watchMountTable reports the mounts of a detached tree from the last to the first', async ({ place }) => {
  await using watcher = watchMountTable({ under: place.root });
  const [outer, inner] = [place.directory('a'), place.path('a/b')];
  mountSync('outer', outer, 'tmpfs');
  place.directory('a/b');
  mountSync('inner', inner, 'tmpfs');
  mountSync(null, outer, null, MS_SHARED);
  mountSync('more', place.directory('c'), 'tmpfs');
  const seen = [await next(watcher), await next(watcher), await next(watcher)];
  expect(seen.map(({ entry }) => entry.source)).toEqual(['outer', 'inner', 'more']);
  expect(seen[0]?.entry.propagation.shared).not.toBe(null);
  umountSync(outer, MNT_DETACH);
  expect([(await next(watcher)).entry.source, (await next(watcher)).entry.source]).toEqual(['inner', 'outer']);
});

test('watchMountTable reports a mount that replaces another mount as detached and attached', async ({
  place,
  skip,
}) => {
  skip(!hasIds, 'before Linux 6.8 the two mounts may have the same ID');
  const target = place.directory('a');
  mountSync('x', target, 'tmpfs');
  await using watcher = watchMountTable();
  umountSync(target);
  mountSync('x', target, 'tmpfs');
  const [gone, come] = [await next(watcher), await next(watcher)];
  expect([gone.type, come.type]).toEqual(['detached', 'attached']);
  expect(come.entry.uniqueId).not.toBe(gone.entry.uniqueId);
});

test('watchMountTable with the option under reports mounts below a path, and moves into and out of the path', async ({
  place,
}) => {
  const [inside, outside] = [place.directory('in'), place.directory('in2')];
  await using watcher = watchMountTable({ under: inside });
  mountSync('other', outside, 'tmpfs');
  const pending = next(watcher);
  await sleep(50);
  mountSync(outside, place.directory('in/x'), null, MS_MOVE);
  expect(await pending).toMatchObject({ type: 'changed', previous: { target: outside } });
  mountSync(place.path('in/x'), outside, null, MS_MOVE);
  expect(await next(watcher)).toMatchObject({ type: 'changed', entry: { target: outside } });
});

test('watchMountTable with encoding: "buffer" returns targets as Buffers', async ({ place }) => {
  await using watcher = watchMountTable({ encoding: 'buffer' });
  const target = Buffer.from(`${place.directory('x')}`);
  mountSync('x', target, 'tmpfs');
  expect((await next(watcher)).entry.target).toEqual(target);
});

test('concurrent next() calls of watchMountTable resolve in order with one change each', async ({ place }) => {
  await using watcher = watchMountTable();
  const pending = [next(watcher), next(watcher), next(watcher)];
  for (const name of ['a', 'b', 'c']) mountSync(name, place.directory(name), 'tmpfs');
  expect((await Promise.all(pending)).map(({ entry }) => entry.source)).toEqual(['a', 'b', 'c']);
});

test('break, return() and an aborted signal end watchMountTable and resolve every pending next()', async ({
  place,
}) => {
  const target = place.directory('a');
  const before = descriptors();
  {
    const watcher = watchMountTable();
    mountSync('x', target, 'tmpfs');
    for await (const { type } of watcher) {
      expect(type).toBe('attached');
      break;
    }
    expect(await watcher.next()).toEqual({ done: true, value: undefined });
    expect(await watcher.return()).toEqual({ done: true, value: undefined });
  }
  {
    const watcher = watchMountTable();
    const pending = [watcher.next(), watcher.next()];
    await watcher.return();
    expect(await Promise.all(pending)).toEqual(Array(2).fill({ done: true, value: undefined }));
  }
  {
    const controller = new AbortController();
    const changes: unknown[] = [];
    setTimeout(() => controller.abort(), 50);
    for await (const change of watchMountTable({ signal: controller.signal })) changes.push(change);
    expect(changes).toEqual([]);
  }
  const over = watchMountTable({ signal: AbortSignal.abort() });
  expect(await over.next()).toEqual({ done: true, value: undefined });
  expect(openedSince(before)).toEqual([]);
});

test('watchMountTable throws for wrong arguments', () => {
  expect(thrownBy(() => watchMountTable({ signal: {} as never }))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrownBy(() => watchMountTable({ under: 'relative' }))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(thrownBy(() => watchMountTable({ undr: '/' } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(thrownBy(() => watchMountTable({ encoding: 'x' as never }))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
});

/** Applies each change to a copy of the mount table; fails if a change does not fit the copy. */
class Follower {
  readonly now: Map<bigint, MountEntry>;
  readonly seen = new Set<bigint>();
  readonly #key = ({ uniqueId, id }: MountEntry) => uniqueId ?? id;

  constructor(table: MountTable) {
    this.now = new Map(table.entries.map((entry) => [this.#key(entry), entry]));
  }

  apply({ type, entry, previous }: MountTableChange): void {
    const key = this.#key(entry);
    expect(this.now.get(key)).toEqual(type === 'attached' ? undefined : previous);
    if (type === 'attached') this.seen.add(key);
    if (type === 'detached') this.now.delete(key);
    else this.now.set(key, entry);
  }

  entries(): MountEntry[] {
    return [...this.now.values()].sort((one, other) => Number(this.#key(one) - this.#key(other)));
  }
}

/** Applies changes until a mount with the source `end` is attached. */
async function followUntil(watcher: MountTableWatcher, follower: Follower, end: string): Promise<void> {
  for await (const change of watcher) {
    follower.apply(change);
    if (change.type === 'attached' && change.entry.source === end) return;
  }
}

const STEPS = times(5_000, 300);

// A child process mounts and unmounts without waiting for the watcher.
function mountRepeatedly(place: Place): Promise<{ stdout: string; stderr: string }> {
  return runNode(
    `import { mkdirSync } from 'node:fs';
     import { mountSync, readMountTableSync, umountSync } from 'linux-mount';
     const [root] = process.argv.slice(1);
     const target = (index) => root + '/t' + index % 64;
     for (let index = 0; index < 64; index++) mkdirSync(target(index));
     const isMounted = Array(64).fill(false);
     let random = 7;
     for (let index = 0; index < ${STEPS}; index++) {
       random = (random * 1103515245 + 12345) % 2147483648;
       const which = random % 64;
       if (isMounted[which]) umountSync(target(which)); else mountSync('storm', target(which), 'tmpfs');
       isMounted[which] = !isMounted[which];
     }
     const stay = readMountTableSync().under(root).filter(({ source }) => source === 'storm');
     console.log(JSON.stringify(stay.map(({ uniqueId, id }) => String(uniqueId ?? id))));`,
    { args: [place.root], timeout: 100_000 },
  );
}

test('the changes that watchMountTable reports during thousands of mounts add up to the final mount table', async ({
  place,
}) => {
  const follower = new Follower(readMountTableSync());
  await using watcher = watchMountTable();
  const following = followUntil(watcher, follower, 'the end');
  const { stdout, stderr } = await mountRepeatedly(place);
  expect(stderr).toBe('');
  mountSync('the end', place.directory('end'), 'tmpfs');
  await following;
  expect(follower.entries()).toEqual(
    [...readMountTableSync().entries].sort((a, b) => Number((a.uniqueId ?? a.id) - (b.uniqueId ?? b.id))),
  );
  for (const id of JSON.parse(stdout)) expect(follower.seen.has(BigInt(id))).toBe(true);
});

test('watchMountTable reports an attached and a detached change for each mount that the test observes', async ({
  place,
}) => {
  const targets = Array.from({ length: 8 }, (_, index) => place.directory(`t${index}`));
  const changes: MountTableChange[] = [];
  const watcher = watchMountTable({ under: place.root });
  const reading = (async () => {
    for await (const change of watcher) changes.push(change);
  })();
  const made: bigint[] = [];
  for (let round = 0; round < times(300, 20); round += 1) {
    const target = must(targets[round % 8]);
    mountSync(`round ${round}`, target, 'tmpfs');
    const { uniqueId, id } = must(readMountTableSync().at(target));
    made.push(uniqueId ?? id);
    // The watcher has read the table when it has reported this mount.
    while (!changes.some(({ type, entry }) => type === 'attached' && entry.source === `round ${round}`)) await sleep(1);
    umountSync(target);
  }
  while (changes.length < 2 * made.length) await sleep(1);
  await watcher.return();
  await reading;
  const ids = (type: string) => changes.filter((c) => c.type === type).map(({ entry: e }) => e.uniqueId ?? e.id);
  expect(ids('attached')).toEqual(made);
  expect(ids('detached')).toEqual(made);
});

test.for([
  ['no code iterates the watcher', `watchMountTable();`],
  ['the iteration has ended with break', `for await (const _ of watcher()) break;`],
  ['return() of the watcher was called', `const w = watchMountTable(); const p = w.next(); await w.return(); await p;`],
  [
    'the signal of the watcher is aborted',
    `const c = new AbortController(); setTimeout(() => c.abort(), 20); for await (const _ of watchMountTable({ signal: c.signal })); `,
  ],
  ['the watcher has reported a change and no next() is pending', `const w = watcher(); await w.next();`],
] as const)(
  'a watcher does not keep the process alive while no next() is pending: %s',
  async ([_name, body], { place }) => {
    const { status, stdout, stderr } = await runNode(
      `import { mountSync, watchMountTable } from 'linux-mount';
     const watcher = () => { const w = watchMountTable(); mountSync('x', process.argv[1], 'tmpfs'); return w; };
     ${body}
     console.log('done');`,
      { args: [place.directory('a')] },
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  },
);

test('a pending next() of watchMountTable keeps the process alive, and process.exit() ends the process', async () => {
  const { status, stdout } = await runNode(
    `import { watchMountTable } from 'linux-mount';
     setTimeout(() => { console.log('still here'); process.exit(3); }, 200).unref();
     await watchMountTable().next();`,
  );
  expect({ status, stdout }).toEqual({ status: 3, stdout: 'still here\n' });
});

test('ended, unreferenced and terminated watchers leave no thread and no descriptor', async ({ place }) => {
  const { status, stdout, stderr } = await runNode(
    `${WORKER_FUNCTIONS}
     import { readdirSync } from 'node:fs';
     import { mountSync, umountSync, watchMountTable } from 'linux-mount';
     const target = process.argv[1];
     async function round() {
       const watchers = Array.from({ length: 20 }, () => watchMountTable());
       const first = watchers.map((w) => w.next());
       mountSync('x', target, 'tmpfs');
       await Promise.all(first);
       umountSync(target);
       const pending = watchers.slice(10).map((w) => w.next());
       await Promise.all(watchers.map((w) => w.return()));
       await Promise.all(pending);
       for (let index = 0; index < 20; index++) watchMountTable(); // Unreferenced watchers are garbage-collected.
     }
     // One worker ends while next() is pending, another while no next() is pending.
     async function worker(body) {
       const worker = startWorker(\`\${body} parentPort.postMessage('ready'); setInterval(() => {}, 1000);\`);
       await messageOf(worker);
       await worker.terminate();
     }
     const counts = async () => {
       for (let index = 0; index < 5; index++) { gc(); await new Promise((resolve) => setTimeout(resolve, 300)); }
       return { descriptors: readdirSync('/proc/self/fd').length, threads: readdirSync('/proc/self/task').length };
     };
     await round(); await worker('');
     const before = await counts();
     for (let index = 0; index < 10; index++) await round();
     for (let index = 0; index < 5; index++) {
       await worker('globalThis.w = library.watchMountTable(); w.next();');
       await worker('globalThis.w = library.watchMountTable();');
     }
     console.log(JSON.stringify([before, await counts()]));`,
    { args: [place.directory('a')], nodeArgs: ['--expose-gc'], timeout: 60_000 },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [before, after] = JSON.parse(stdout);
  expect(after).toEqual(before);
});

test('eight pending watchers do not block the thread pool of libuv', async ({ skip }) => {
  skip(pass !== 'root', 'one pass is enough');
  const { stdout } = await runNode(
    `import { watchMountTable } from 'linux-mount';
     import { readFile } from 'node:fs/promises';
     const watchers = Array.from({ length: 8 }, () => { const w = watchMountTable(); return { w, pending: w.next() }; });
     await Promise.all(Array.from({ length: 8 }, () => readFile('/proc/self/status')));
     console.log('read');
     for (const { w } of watchers) await w.return();`,
  );
  expect(stdout).toBe('read\n');
});

test('watchMountTable throws EMFILE when the process has no free descriptor', async ({ skip }) => {
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  const { stdout } = await runNode(
    `import { watchMountTable } from 'linux-mount';
     import { openSync } from 'node:fs';
     try { for (;;) openSync('/dev/null'); } catch {}
     try { watchMountTable(); } catch (error) { console.log(error.name, error.code, error.syscall); }`,
    { wrapper: ['prlimit', '--nofile=64:64', '--'] },
  );
  expect(stdout).toBe('MountError EMFILE open\n');
});

describe('watchMountTable in another mount namespace', () => {
  test.for(Object.keys(containerKinds) as ContainerKind[])('%s', async (kind, { place, skip }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    await using container = await startContainer(place, kind);
    const namespace = { pid: container.pid };
    const target = container.inside.directory('in there');
    const watcher = watchMountTable({ namespace, under: container.inside.path('') });
    // A mount in the namespace of the test, and the watch itself, change nothing in the other namespace.
    mountSync('here', place.directory('here'), 'tmpfs');
    const mount = mountTmpfsSync(target, { namespace });
    const { type, entry } = await next(watcher);
    expect({ type, entry }).toEqual({ type: 'attached', entry: readMountTableSync({ namespace }).at(target) });
    expect(entry.target).toBe(target);
    mount.unmountSync();
    expect(await next(watcher)).toEqual({ type: 'detached', entry, previous: entry });
    await watcher.return();
  });

  test('a watcher keeps a mount namespace alive after the last process of the namespace ends', async ({
    place,
    skip,
  }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    let watcher: MountTableWatcher;
    {
      await using container = await startContainer(place, 'a mount namespace');
      watcher = watchMountTable({ namespace: { pid: container.pid } });
    }
    const coming = watcher.next();
    expect(await Promise.race([coming, sleep(200, 'nothing')])).toBe('nothing');
    await watcher.return();
    expect(await coming).toEqual({ done: true, value: undefined });
  });

  test('watchMountTable throws ENOENT with a reason when the namespace file is missing', () => {
    const error = thrownBy(() => watchMountTable({ namespace: { path: '/proc/self/ns/nothing' } }));
    expect(error).toMatchObject({ name: 'MountError', code: 'ENOENT', syscall: 'open', reason: expect.any(String) });
    expect(() => watchMountTable({ namespace: 5 as never })).toThrow(TypeError);
  });
});
