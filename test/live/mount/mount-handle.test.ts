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

test('has the target, the id and the strategy', ({ place }) => {
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

test('gives the target back as bytes when it was bytes', ({ place }) => {
  const { lower, target } = specIn(place);
  using mount = mountOverlaySync({ lower, target: Buffer.from(target) });
  expect(mount.target).toEqual(Buffer.from(target));
});

test('using takes it down at the end of the block, also when the block throws', async ({ place }) => {
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

test('to take it down twice does nothing, one after the other or at once', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  mountSync('below', spec.target, 'tmpfs');
  umountSync(spec.target);
  await Promise.all([mount.unmount(), mount.unmount()]);
  // What is mounted there now is somebody else's.
  mountSync('later', spec.target, 'tmpfs');
  await mount.unmount();
  mount.unmountSync();
  mount[Symbol.dispose]();
  await mount[Symbol.asyncDispose]();
  expect(tableEntry(spec.target)?.source).toBe('later');
});

test('does not touch a mount that covers its own', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  mountSync('cover', spec.target, 'tmpfs');
  for (const error of [await rejectionOf(mount.unmount()), thrownBy(() => mount.unmountSync())]) {
    expect(error).toMatchObject({ code: 'EINVAL', syscall: 'umount2', step: 'identify', path: spec.target });
    expect((error as Error).message).toMatch(/mount \d+ is no longer the one at this path, mount \d+ is/);
  }
  expect(tableEntry(spec.target)?.source).toBe('cover');
  umountSync(spec.target);
  // and its own can be taken down after that
  await mount.unmount();
  expect(tableEntry(spec.target)).toBeUndefined();
});

test('does not touch another mount in the place of its own', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  umountSync(spec.target);
  expect(await rejectionOf(mount.unmount())).toMatchObject({ code: 'EINVAL', step: 'identify' });
  mountSync('other', spec.target, 'tmpfs');
  const kernel = mount.id > 0xffff_ffffn;
  // Before Linux 6.8 an id is used again, at once and here: the handle cannot tell (see Mount.id).
  if (kernel) expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'EINVAL', step: 'identify' });
  if (kernel) expect(tableEntry(spec.target)?.source).toBe('other');
});

test('an unmount that failed can be tried again', async ({ place }) => {
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

test('takes flags', async ({ place }) => {
  const spec = specIn(place);
  const mount = await mountOverlay(spec);
  const file = openSync(`${spec.target}/a`, 'r');
  await mount.unmount(constants.MNT_DETACH);
  closeSync(file);
  expect(tableEntry(spec.target)).toBeUndefined();
  expect(await rejectionOf((await mountOverlay(spec)).unmount(1.5))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

describe.each(['async', 'sync'])('in a working directory whose name is not UTF-8, %s', (form) => {
  // Such a place is reached by a link: process.chdir() takes text.
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
    const isSame = (path, there) => Buffer.isBuffer(path) && path.equals(bytes(there));`;

  test('what is mounted there can be taken down, and what was named is told', async ({ place }) => {
    const { stdout, stderr } = await runNode(
      `import * as library from 'linux-mount';
       import { changes } from 'linux-mount/layers';
       ${inDirectory(Buffer.from('d\xff', 'latin1'), 'link')}
       const before = library.readMountTableSync().entries.length;
       const told = {};
       const tmpfs = await call('mountTmpfs', 't');
       told.target = isSame(tmpfs.target, '/t');
       await unmount(tmpfs);
       const rooted = await call('mountTmpfs', { root: 'r', path: 'x' });
       told.rooted = isSame(rooted.target, '/r/x');
       await unmount(rooted);
       const overlay = await call('mountOverlay', { lower: ['l1', 'l2'], upper: 'u', work: 'w', target: 't' });
       const spec = await overlay['overlay${form === 'sync' ? 'Sync' : ''}']();
       told.overlay = [...spec.lower, spec.upper, spec.work].map((path, index) =>
         isSame(path, ['/l1', '/l2', '/u', '/w'][index]));
       await unmount(overlay);
       told.support = (await library.overlaySupport('l1')).filesystem.upper.supported !== undefined;
       told.changes = [];
       for await (const { type, path } of changes({ upper: 'u', lower: ['l1'], userxattr: ${!isRealRoot} })) told.changes.push([type, path]);
       const strange = await call('mountTmpfs', Buffer.from('t'));
       told.bytes = isSame(strange.target, '/t');
       process.chdir('/');
       await unmount(strange);
       told.left = library.readMountTableSync().entries.length - before;
       console.log(JSON.stringify(told));`,
      { args: [place.root] },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      ...{ target: true, rooted: true, overlay: [true, true, true, true], support: true },
      ...{ changes: [['added', 'new']], bytes: true, left: 0 },
    });
  });

  test('also from a worker, after it was moved; and where it is gone, that is said', async ({ place }) => {
    const { stdout, stderr } = await runNode(
      `import * as library from 'linux-mount';
       ${WORKER_FUNCTIONS}
       ${inDirectory(Buffer.from('d\xff', 'latin1'), 'link')}
       const inWorker = startWorker(\`
         const mount = library.mountTmpfsSync('t');
         mount.unmountSync();
         parentPort.postMessage(Buffer.from(mount.target).toString('latin1'));
       \`);
       const told = [(await messageOf(inWorker)) === bytes('/t').toString('latin1')];
       // Node remembers what the directory was called.
       process.cwd();
       renameSync(bytes(''), bytes('2'));
       const moved = await call('mountTmpfs', 't');
       told.push(isSame(moved.target, '2/t'));
       await unmount(moved);
       for (const name of ['r/x', 'r', 't', 'l1', 'l2', 'w']) rmdirSync(bytes('2/' + name));
       renameSync(bytes('2/u'), place + '/u');
       rmdirSync(bytes('2'));
       try { await call('mountTmpfs', 't'); } catch ({ code, syscall, reason }) { told.push([code, syscall, reason]); }
       console.log(JSON.stringify(told));`,
      { args: [place.root] },
    );
    expect(stderr).toBe('');
    const gone = expect.stringMatching(/^the working directory of this process has no path any more/);
    expect(JSON.parse(stdout)).toEqual([true, true, ['ENOENT', 'getcwd', gone]]);
  });

  test('a name that only looks like it stays text', async ({ place }) => {
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

test('follows no change of the working directory', async ({ place, skip }) => {
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

/** A handle whose mount is in use until the file is closed. */
function busyIn(place: Place) {
  const spec = specIn(place);
  const mount = mountOverlaySync(spec);
  return { spec, mount, file: openSync(`${spec.target}/a`, 'r') };
}

test('unmountSync() while the kernel takes it down for unmount() says so, and does nothing', async ({ place }) => {
  const spec = specIn(place);
  for (let round = 0; round < 150; round += 1) {
    const below = mountOverlaySync(spec);
    const mount = mountOverlaySync(spec);
    const first = mount.unmount();
    // How far the other thread is by then is another each time.
    for (let count = 0; count < round * 1000; count += 1);
    expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'ERR_INVALID_STATE', name: 'Error' });
    // At the end of a block it is left to that one.
    mount[Symbol.dispose]();
    await first;
    mount.unmountSync();
    expect(tableEntry(spec.target)).toBeDefined();
    below.unmountSync();
  }
});

/** What unmountSync() throws, if anything, once unmount() waits to try again. */
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

test('unmountSync() while unmount() waits to try again is the success of both', async ({ place }) => {
  const { spec, mount, file } = busyIn(place);
  const waits = mount.unmount({ retry: { for: Infinity } });
  expect(await betweenAttempts(mount)).toMatchObject({ code: 'EBUSY' });
  expect(await betweenAttempts(mount, { lazy: true })).toBeUndefined();
  expect(tableEntry(spec.target)).toBeUndefined();
  await waits;
  closeSync(file);
});

test('the signal of one call is nothing to another', async ({ place }) => {
  const { spec, mount, file } = busyIn(place);
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

test('`await using` takes it down though a call before it was aborted', async ({ place }) => {
  const { spec, mount, file } = busyIn(place);
  const controller = new AbortController();
  const aborted = rejectionOf(mount.unmount({ signal: controller.signal, retry: { for: 60_000 } }));
  closeSync(file);
  const end = mount[Symbol.asyncDispose]();
  controller.abort();
  await end;
  expect(tableEntry(spec.target)).toBeUndefined();
  // or it is down before it looks at the signal
  expect([undefined, 'AbortError']).toContain(((await aborted.catch(() => undefined)) as Error | undefined)?.name);
});

test('a call that is aborted before its turn asks nothing', async ({ place }) => {
  const { spec, mount, file } = busyIn(place);
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
])('%s does not wait until another gives up, and is the success of both', async ([_name, options], { place }) => {
  const { spec, mount, file } = busyIn(place);
  const waits = mount.unmount({ retry: { for: Infinity } });
  await mount.unmount(options);
  expect(tableEntry(spec.target)).toBeUndefined();
  await waits;
  closeSync(file);
});

test('what is asked for below is done, though another call was first', async ({ place }) => {
  const spec = specIn(place);
  const below = place.directory('l1/d');
  const mount = await mountOverlay(spec);
  mountSync('below', below.replace('l1', 'merged'), 'tmpfs');
  // It is refused first, or finds out why when all is down.
  const first = mount.unmount().catch((error: unknown) => expect(error).toMatchObject({ code: 'EBUSY' }));
  // Who finds out why looks at the mount, and so keeps it in use for a moment.
  await mount.unmount({ recursive: true, retry: { for: patience(5_000) } });
  await first;
  expect(tableEntry(spec.target)).toBeUndefined();
});
