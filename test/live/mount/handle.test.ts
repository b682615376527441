// Tests Mount, the handle of a mount: its properties, unmount(), unmountSync() and disposal.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect } from 'vitest';
import {
  constants,
  Mount,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  type UmountOptions,
  umountSync,
} from '../../../lib/index.js';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { patience } from '../../support/effort.js';
import { lacks as environment, isRealRoot } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

function specIn(place: Place) {
  return { lower: [place.directory('l1', { a: '' }), place.directory('l2')], target: place.directory('merged') };
}

test('a handle has the target, the mount ID and the strategy of its mount', ({ place }) => {
  const spec = specIn(place);
  using mount = mountOverlaySync(spec);
  expect(mount).toBeInstanceOf(Mount);
  expect(mount.target).toBe(spec.target);
  expect(mount.id).toBeTypeOf('bigint');
  expect(mount.id).toBeGreaterThan(0n);
  expect(mount.strategy).toBe('data');
  using other = mountOverlaySync(spec);
  expect(other.id).not.toBe(mount.id);
});

test('a handle gives its target as a Buffer when the caller gave a Buffer', ({ place }) => {
  const { lower, target } = specIn(place);
  using mount = mountOverlaySync({ lower, target: Buffer.from(target) });
  expect(mount.target).toEqual(Buffer.from(target));
});

test('using and await using unmount the mount at the end of the block, also when the block throws', async ({
  place,
}) => {
  const spec = specIn(place);
  expect(() => {
    using _mount = mountOverlaySync(spec);
    expect(readdirSync(spec.target)).toEqual(['a']);
    throw new Error('thrown inside');
  }).toThrow('thrown inside');
  expect(readdirSync(spec.target)).toEqual([]);
  {
    await using _mount = await mountOverlay(spec);
    expect(readdirSync(spec.target)).toEqual(['a']);
  }
  expect(readdirSync(spec.target)).toEqual([]);
});

test('unmount() after a successful unmount() does nothing, and concurrent calls all resolve', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  mountSync('below', spec.target, 'tmpfs');
  umountSync(spec.target);
  await Promise.all([mount.unmount(), mount.unmount()]);
  // A mount that another process puts on the same target later does not belong to this handle.
  mountSync('later', spec.target, 'tmpfs');
  await mount.unmount();
  mount.unmountSync();
  mount[Symbol.dispose]();
  await mount[Symbol.asyncDispose]();
  expect(tableEntry(spec.target)?.source).toBe('later');
});

test('unmount() rejects with EINVAL when another mount covers the mount of the handle', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  mountSync('cover', spec.target, 'tmpfs');
  for (const error of [await rejectionOf(mount.unmount()), thrownBy(() => mount.unmountSync())]) {
    expect(error).toMatchObject({ code: 'EINVAL', syscall: 'umount2', step: 'identify', path: spec.target });
    expect((error as Error).message).toMatch(/the mount at this path is mount \d+ and no longer mount \d+,/);
  }
  expect(tableEntry(spec.target)?.source).toBe('cover');
  umountSync(spec.target);
  // The handle can unmount its own mount after the cover is unmounted.
  await mount.unmount();
  expect(tableEntry(spec.target)).toBeUndefined();
});

test('unmount() rejects with EINVAL when another mount has replaced the mount of the handle', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  umountSync(spec.target);
  expect(await rejectionOf(mount.unmount())).toMatchObject({ code: 'EINVAL', step: 'identify' });
  mountSync('other', spec.target, 'tmpfs');
  const kernel = mount.id > 0xffff_ffffn;
  // Before Linux 6.8 the kernel reuses mount IDs at once, so the handle cannot tell the two mounts apart (see
  // Mount.id).
  if (kernel) expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'EINVAL', step: 'identify' });
  if (kernel) expect(tableEntry(spec.target)?.source).toBe('other');
});

test('unmount() resolves after a first attempt was rejected with EBUSY and the open file is closed', async ({
  place,
}) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  const file = openSync(`${spec.target}/a`, 'r');
  expect(await rejectionOf(mount.unmount())).toMatchObject({ code: 'EBUSY', syscall: 'umount2', step: 'unmount' });
  expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'EBUSY' });
  expect(readFileSync(`${spec.target}/a`, 'utf8')).toBe('');
  closeSync(file);
  await mount.unmount();
  expect(tableEntry(spec.target)).toBeUndefined();
});

test('unmount() of a handle passes flags to the kernel, and rejects flags that are not an integer', async ({
  place,
}) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  const file = openSync(`${spec.target}/a`, 'r');
  await mount.unmount(constants.MNT_DETACH);
  closeSync(file);
  expect(tableEntry(spec.target)).toBeUndefined();
  expect(await rejectionOf((await mountOverlay(spec)).unmount(1.5))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

describe.each(['async', 'sync'])('working directory whose name is not UTF-8, %s form', (form) => {
  // process.chdir() takes only strings, so the test enters the directory through a symbolic link.
  const inDirectory = (name: Buffer, link: string) => `
    import { mkdirSync, readdirSync, renameSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
    const [place] = process.argv.slice(1);
    const name = Buffer.from('${name.toString('hex')}', 'hex');
    const bytes = (path) => Buffer.concat([Buffer.from(place + '/'), name, Buffer.from(path)]);
    mkdirSync(bytes(''));
    symlinkSync(bytes(''), place + '/${link}');
    process.chdir(place + '/${link}');
    for (const name of ['t', 'l1', 'l2', 'u', 'w', 'r', 'r/x']) mkdirSync(name);
    writeFileSync('u/new', '');
    const call = (name, ...args) => library[name + '${form === 'sync' ? 'Sync' : ''}'](...args);
    const unmount = (mount) => mount['unmount${form === 'sync' ? 'Sync' : ''}']();
    const isSame = (path, suffix) => Buffer.isBuffer(path) && path.equals(bytes(suffix));`;

  test('paths of mounts in a working directory whose name is not UTF-8 are reported as Buffers', async ({ place }) => {
    const { stdout, stderr } = await runNode(
      `import * as library from 'linux-mount';
       import { changes } from 'linux-mount/layers';
       ${inDirectory(Buffer.from('d\xff', 'latin1'), 'link')}
       const before = library.readMountTableSync().entries.length;
       const results = {};
       const tmpfs = await call('mountTmpfs', 't');
       results.target = isSame(tmpfs.target, '/t');
       await unmount(tmpfs);
       const rooted = await call('mountTmpfs', { root: 'r', path: 'x' });
       results.rooted = isSame(rooted.target, '/r/x');
       await unmount(rooted);
       const overlay = await call('mountOverlay', { lower: ['l1', 'l2'], upper: 'u', work: 'w', target: 't' });
       const spec = await overlay['overlay${form === 'sync' ? 'Sync' : ''}']();
       results.overlay = [...spec.lower, spec.upper, spec.work].map((path, index) =>
         isSame(path, ['/l1', '/l2', '/u', '/w'][index]));
       await unmount(overlay);
       results.support = (await library.overlaySupport('l1')).filesystem.upper.supported !== undefined;
       results.changes = [];
       for await (const { type, path } of changes({ upper: 'u', lower: ['l1'], userxattr: ${!isRealRoot} })) results.changes.push([type, path]);
       const strange = await call('mountTmpfs', Buffer.from('t'));
       results.bytes = isSame(strange.target, '/t');
       process.chdir('/');
       await unmount(strange);
       results.left = library.readMountTableSync().entries.length - before;
       console.log(JSON.stringify(results));`,
      { args: [place.root] },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ...{ target: true, rooted: true, overlay: [true, true, true, true], support: true },
      ...{ changes: [['added', 'new']], bytes: true, left: 0 },
    });
  });

  test('a relative target follows a renamed working directory, and is ENOENT in a removed one', async ({ place }) => {
    const { stdout, stderr } = await runNode(
      `import * as library from 'linux-mount';
       ${WORKER_FUNCTIONS}
       ${inDirectory(Buffer.from('d\xff', 'latin1'), 'link')}
       const inWorker = startWorker(\`
         const mount = library.mountTmpfsSync('t');
         mount.unmountSync();
         parentPort.postMessage(Buffer.from(mount.target).toString('latin1'));
       \`);
       const results = [(await messageOf(inWorker)) === bytes('/t').toString('latin1')];
       // Node.js caches the path of the working directory.
       process.cwd();
       renameSync(bytes(''), bytes('2'));
       const moved = await call('mountTmpfs', 't');
       results.push(isSame(moved.target, '2/t'));
       await unmount(moved);
       for (const name of ['r/x', 'r', 't', 'l1', 'l2', 'w']) rmdirSync(bytes('2/' + name));
       renameSync(bytes('2/u'), place + '/u');
       rmdirSync(bytes('2'));
       try { await call('mountTmpfs', 't'); } catch ({ code, syscall, reason }) { results.push([code, syscall, reason]); }
       console.log(JSON.stringify(results));`,
      { args: [place.root] },
    );
    expect(stderr).toBe('');
    const gone = expect.stringMatching(/^the working directory of this process has no path any more/);
    expect(JSON.parse(stdout)).toEqual([true, true, ['ENOENT', 'getcwd', gone]]);
  });

  test('the target is a string when the working directory has the replacement character U+FFFD in its name', async ({
    place,
  }) => {
    const { stdout, stderr } = await runNode(
      `import * as library from 'linux-mount';
       ${inDirectory(Buffer.from('d\u{fffd}'), 'link')}
       const mount = await call('mountTmpfs', 't');
       console.log(mount.target === place + '/d\ufffd/t');
       await unmount(mount);`,
      { args: [place.root] },
    );
    expect([stdout.trim(), stderr]).toEqual(['true', '']);
  });
});

test('unmount() finds its mount after the working directory changes', async ({ place, skip }) => {
  skip(environment.ownDirectory !== undefined, environment.ownDirectory);
  const spec = specIn(place);
  const before = process.cwd();
  try {
    process.chdir(place.root);
    const mount = mountOverlaySync({ lower: ['l1', 'l2'], target: 'merged' });
    process.chdir('/');
    await mount.unmount();
  } finally {
    process.chdir(before);
  }
  expect(tableEntry(spec.target)).toBeUndefined();
});

/** Makes a handle whose mount is busy until the file is closed. */
function mountBusyOverlay(place: Place) {
  const spec = specIn(place);
  const mount = mountOverlaySync(spec);
  return { spec, mount, file: openSync(`${spec.target}/a`, 'r') };
}

test('unmountSync() throws ERR_INVALID_STATE while the kernel runs unmount(), and does nothing', async ({ place }) => {
  const spec = specIn(place);
  for (let round = 0; round < 150; round += 1) {
    const below = mountOverlaySync(spec);
    const mount = mountOverlaySync(spec);
    const first = mount.unmount();
    // The delay grows in each round, so that the other thread is at a different point each time.
    for (let count = 0; count < round * 1000; count += 1);
    expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'ERR_INVALID_STATE', name: 'Error' });
    // Disposal leaves the work to the unmount() that runs.
    mount[Symbol.dispose]();
    await first;
    mount.unmountSync();
    expect(tableEntry(spec.target)).toBeDefined();
    below.unmountSync();
  }
});

/** Calls unmountSync() as soon as unmount() waits for its next attempt, and returns what unmountSync() throws. */
async function betweenAttempts(mount: Mount, options?: UmountOptions): Promise<unknown> {
  for (;;) {
    try {
      mount.unmountSync(options);
      return undefined;
    } catch (error) {
      if ((error as { code: string }).code !== 'ERR_INVALID_STATE') return error;
      await sleep(1);
    }
  }
}

test('unmountSync() with lazy succeeds while unmount() waits for its next attempt, and unmount() resolves', async ({
  place,
}) => {
  const { spec, mount, file } = mountBusyOverlay(place);
  const waits = mount.unmount({ retry: { for: Infinity } });
  expect(await betweenAttempts(mount)).toMatchObject({ code: 'EBUSY' });
  expect(await betweenAttempts(mount, { lazy: true })).toBeUndefined();
  expect(tableEntry(spec.target)).toBeUndefined();
  await waits;
  closeSync(file);
});

test('an aborted signal rejects only the unmount() call that it was given to', async ({ place }) => {
  const { spec, mount, file } = mountBusyOverlay(place);
  const controller = new AbortController();
  const one = rejectionOf(mount.unmount({ signal: controller.signal, retry: { for: 60_000 } }));
  const other = mount.unmount({ retry: { for: Infinity } });
  expect(await rejectionOf(mount.unmount())).toMatchObject({ code: 'EBUSY' });
  controller.abort();
  expect(await one).toMatchObject({ name: 'AbortError' });
  closeSync(file);
  await other;
  expect(tableEntry(spec.target)).toBeUndefined();
});

test('disposal unmounts the mount although an earlier unmount() call is aborted', async ({ place }) => {
  const { spec, mount, file } = mountBusyOverlay(place);
  const controller = new AbortController();
  const aborted = rejectionOf(mount.unmount({ signal: controller.signal, retry: { for: 60_000 } }));
  closeSync(file);
  const end = mount[Symbol.asyncDispose]();
  controller.abort();
  await end;
  expect(tableEntry(spec.target)).toBeUndefined();
  // The first call may succeed before it sees the aborted signal.
  expect([undefined, 'AbortError']).toContain(((await aborted.catch(() => undefined)) as Error | undefined)?.name);
});

test('an unmount() call that is aborted while it waits for another call does not unmount', async ({ place }) => {
  const { spec, mount, file } = mountBusyOverlay(place);
  const controller = new AbortController();
  const first = rejectionOf(mount.unmount());
  const second = rejectionOf(mount.unmount({ signal: controller.signal, lazy: true }));
  controller.abort();
  expect(await second).toMatchObject({ name: 'AbortError' });
  expect(await first).toMatchObject({ code: 'EBUSY' });
  await sleep(20);
  expect(tableEntry(spec.target)).toBeDefined();
  closeSync(file);
  await mount.unmount();
});

test.for<[string, UmountOptions]>([
  ['lazy', { lazy: true }],
  ['then: lazy', { then: 'lazy' }],
])(
  'a lazy unmount() succeeds while another unmount() retries, and both calls resolve: %s',
  async ([_name, options], { place }) => {
    const { spec, mount, file } = mountBusyOverlay(place);
    const waits = mount.unmount({ retry: { for: Infinity } });
    await mount.unmount(options);
    expect(tableEntry(spec.target)).toBeUndefined();
    await waits;
    closeSync(file);
  },
);

test('unmount() with recursive unmounts the mounts below although a plain unmount() runs first', async ({ place }) => {
  const spec = specIn(place);
  const below = place.directory('l1/d');
  const mount = await mountOverlay(spec);
  mountSync('below', below.replace('l1', 'merged'), 'tmpfs');
  // The first call is rejected with EBUSY, or resolves if the second call unmounts everything during its search for a
  // reason.
  const first = mount.unmount().catch((error: unknown) => expect(error).toMatchObject({ code: 'EBUSY' }));
  // The search for a reason opens the mount and makes it busy for a moment, so the second call retries.
  await mount.unmount({ recursive: true, retry: { for: patience(5_000) } });
  await first;
  expect(tableEntry(spec.target)).toBeUndefined();
});
