// Tests holders() and holdersSync(), and the reasons of EBUSY that name what keeps a mount busy.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import {
  constants,
  type Holder,
  holders,
  holdersSync,
  type MountError,
  mount,
  mountOverlaySync,
  mountSync,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { times } from '../../support/effort.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { copyProgram, HolderProcess, programPath } from '../../support/holder.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { descriptors, openedSince } from '../../support/own-process.js';
import { type Place, test } from '../../support/place.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

function mounted(place: Place, name = 'm'): string {
  const target = place.directory(name);
  mountSync('held', target, 'tmpfs');
  return target;
}

const of = (found: readonly Holder[], pid: number) =>
  found.filter((holder) => holder.kind === 'process' && holder.pid === pid);

async function busyReasons(target: string): Promise<string[]> {
  const errors = [await rejectionOf(umount(target)), thrownBy(() => umountSync(target))] as MountError[];
  expect(errors.map(({ code }) => code)).toEqual(['EBUSY', 'EBUSY']);
  return errors.map(({ reason }) => reason ?? '');
}

describe('processes', () => {
  test('holders() finds a process by its working directory', async ({ place }) => {
    const target = mounted(place);
    {
      await using child = await HolderProcess.shell('', { cwd: place.directory('m/d') });
      expect(of(await holders(target), child.pid)).toEqual([
        {
          ...{ kind: 'process', pid: child.pid, command: 'sleep', isThisProcess: false },
          ...{ how: 'cwd', path: `${target}/d`, blocks: true },
        },
      ]);
      for (const reason of await busyReasons(target)) {
        expect(reason).toBe(
          `the mount is in use: sleep (pid ${child.pid}) has working directory '${target}/d'; end each use first`,
        );
      }
    }
    await umount(target);
  });

  test('holders() finds a process by an open file, an open directory and a deleted file', async ({ place }) => {
    const target = mounted(place);
    {
      const file = place.file('m/log');
      place.file('m/gone');
      await using child = await HolderProcess.shell(
        `exec 3>>${target}/log 4<${target} 5<${target}/gone; rm ${target}/gone`,
      );
      expect(of(holdersSync(target), child.pid)).toMatchObject([
        { how: 'file', fd: 3, path: file },
        { how: 'file', fd: 4, path: target },
        { how: 'file', fd: 5, path: `${target}/gone (deleted)` },
      ]);
      const [reason] = await busyReasons(target);
      expect(reason).toContain(`sleep (pid ${child.pid}) has open file '${file}', open file '${target}'`);
    }
    umountSync(target);
  });

  test('holders() finds a process by its executable and by a mapped file', async ({ place }) => {
    const target = mounted(place);
    copyFileSync(programPath('sleep'), `${target}/sleep`);
    {
      await using child = await HolderProcess.start(['sh', '-c', `echo; exec ${target}/sleep 1000`]);
      await waitFor(() => of(holdersSync(target), child.pid).length > 0);
      const found = of(await holders(target), child.pid);
      expect(found).toContainEqual(
        expect.objectContaining({ how: 'executable', path: `${target}/sleep`, blocks: true }),
      );
      // The kernel shows an ordinary user only the device of a mapping, and the device has no other mount.
      expect(found).toContainEqual(
        expect.objectContaining({ how: 'mapped', path: `${target}/sleep`, byDevice: !isRealRoot, blocks: true }),
      );
      expect((await busyReasons(target))[0]).toContain(`executable '${target}/sleep'`);
    }
    await umount(target);
  });

  test('holders() finds a process by its root directory', async ({ place, skip }) => {
    const target = mounted(place);
    copyProgram(programPath('sleep'), target);
    skip(
      spawnSync('chroot', [target, '/sleep', '0']).status !== 0,
      'chroot(8) of a copied program does not work on this system',
    );
    {
      await using child = await HolderProcess.start(['sh', '-c', `cd /; echo; exec chroot ${target} /sleep 1000`]);
      await waitFor(() => of(holdersSync(target), child.pid).length > 3);
      const found = of(await holders(target), child.pid) as { how: string; path: string }[];
      expect(found.map(({ how }) => how)).toEqual(expect.arrayContaining(['cwd', 'root', 'executable', 'mapped']));
      expect(found.find(({ how }) => how === 'root')?.path).toBe(target);
    }
    await umount(target);
  });

  test('holders() finds this process by a Unix socket, although no link in /proc shows the path of the socket', async ({
    place,
  }) => {
    const target = mounted(place);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${target}/socket`, resolve));
    expect(await holders(target)).toEqual([
      expect.objectContaining({ how: 'socket', path: `${target}/socket`, isThisProcess: true, byDevice: true }),
    ]);
    expect((await busyReasons(target))[0]).toBe(
      `the mount is in use: this process (pid ${process.pid}) has Unix socket '${target}/socket'; end each use first`,
    );
    await new Promise((resolve) => server.close(resolve));
    await umount(target);
  });

  test('holders() marks this process and lists it first', async ({ place }) => {
    const target = mounted(place);
    const file = openSync(`${target}/own`, 'w');
    {
      await using child = await HolderProcess.shell('', { cwd: target });
      expect(await holders(target)).toMatchObject([
        { pid: process.pid, isThisProcess: true, how: 'file', fd: file, path: `${target}/own` },
        { pid: child.pid, isThisProcess: false, how: 'cwd' },
      ]);
      expect((await busyReasons(target))[0]).toBe(
        `the mount is in use: this process (pid ${process.pid}) has open file '${target}/own', ` +
          `and sleep (pid ${child.pid}) has working directory '${target}'; end each use first`,
      );
    }
    closeSync(file);
    await umount(target);
  });

  test('holders() does not report a process on another mount or on a path with the same prefix', async ({ place }) => {
    const target = mounted(place);
    const other = place.directory('m2');
    mountSync(target, other, null, constants.MS_BIND);
    {
      await using child = await HolderProcess.shell(`exec 3>${other}/file`, { cwd: other });
      expect(of(await holders(target), child.pid)).toEqual([]);
      expect(of(await holders(other), child.pid)).toHaveLength(2);
    }
    umountSync(other);
    umountSync(target);
  });

  test('holders() finds a process in a mount namespace to which the unmount would propagate', async ({
    place,
    skip,
  }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    mountSync(null, place.root, null, constants.MS_SHARED);
    const target = mounted(place);
    {
      await using child = await HolderProcess.shell(`cd ${target}`, {
        before: ['unshare', '--mount', '--propagation', 'unchanged', '--'],
      });
      const found = await holders(target);
      expect(of(found, child.pid)).toMatchObject([{ how: 'cwd', blocks: true }]);
      expect((await busyReasons(target))[0]).toContain(`sleep (pid ${child.pid}) has working directory`);
    }
    await umount(target);
  });
});

test('umount in a root directory rejects with EBUSY and names the holder inside that directory', async ({ place }) => {
  const [root, decoy] = [place.directory('root'), mounted(place, 'decoy')];
  place.directory(`root${decoy}`);
  const target = mounted(place, `root${decoy}`);
  symlinkSync(decoy, `${root}/link`);
  symlinkSync('/nowhere', `${root}/dangling`);
  place.directory('root/nowhere');
  const other = mounted(place, 'root/nowhere');
  const files = [`${decoy}/outside`, `${target}/inside`, `${other}/other`].map((path) => openSync(path, 'w'));
  const me = `the mount is in use: this process (pid ${process.pid}) has open file`;
  for (const [path, holder] of [
    ['link', `${me} '${target}/inside'; end each use first`],
    ['dangling', `${me} '${other}/other'; end each use first`],
  ] as const) {
    const errors = [
      await rejectionOf(umount({ root, path })),
      thrownBy(() => umountSync({ root, path })),
      await rejectionOf(umount({ root, path }, { stack: true })),
    ];
    for (const error of errors) expect(error).toMatchObject({ code: 'EBUSY', reason: holder });
  }
  for (const file of files) closeSync(file);
  for (const path of ['link', 'dangling']) await umount({ root, path });
  await umount(decoy);
});

test('holders() finds a thread of this process whose own working directory is on the mount', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  const target = mounted(place);
  using hang = new Hang(place.directory('hang'));
  const hanging = rejectionOf(mount('x', `${hang.path}/below`, 'tmpfs', 0, null, { cwd: target }));
  await waitFor(() => holdersSync(target).length > 0);
  expect(await holders(target)).toMatchObject([{ how: 'cwd', path: target, isThisProcess: true }]);
  hang.end();
  await hanging;
  umountSync(target, { retry: { for: 5_000 } });
});

test('holders() reports a mount namespace with a copy of the mount as not blocking, and umount succeeds', async ({
  place,
  skip,
}) => {
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  const target = mounted(place);
  await using child = await HolderProcess.shell(`cd ${target}`, {
    before: ['unshare', '--mount', '--propagation', 'private', '--'],
  });
  const namespace = readlinkSync(`/proc/${child.pid}/ns/mnt`);
  expect(await holders(target)).toEqual([
    {
      ...{ kind: 'namespace', inode: BigInt(namespace.replace(/\D/g, '')), pid: child.pid, command: 'sleep' },
      ...{ path: target, blocks: false },
    },
  ]);
  await umount(target);
});

test('holders() reports the mounts below the target, hidden mounts included', async ({ place }) => {
  const target = mounted(place);
  mountSync('x', place.directory('m/a'), 'tmpfs');
  mountSync('x', place.directory('m/a/b'), 'ramfs');
  mountSync('x', place.directory('m/a'), 'tmpfs');
  const found = await holders(target);
  expect(found).toMatchObject([
    { kind: 'mount', path: `${target}/a`, fsType: 'tmpfs', blocks: true },
    { kind: 'mount', path: `${target}/a/b`, fsType: 'ramfs', blocks: true },
    { kind: 'mount', path: `${target}/a`, fsType: 'tmpfs', blocks: true },
  ]);
  expect((await busyReasons(target))[0]).toContain(
    `the mount at '${target}/a' (tmpfs) is below the target (recursive), and the mount at '${target}/a/b'`,
  );
  await umount(target, { recursive: true });
});

test('holders() reports overlays with a layer on the mount as not blocking', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const target = mounted(place);
  const [upper, work, lower] = ['u', 'w', 'l'].map((name) => place.directory(`m/${name}`)) as [string, string, string];
  const path = place.directory('merged');
  const overlay = mountOverlaySync({ lower: [lower, place.directory('elsewhere')], upper, work, target: path });
  expect(await holders(target)).toEqual([
    { kind: 'overlay', path, layer: upper, how: 'upper', blocks: false },
    { kind: 'overlay', path, layer: work, how: 'work', blocks: false },
    { kind: 'overlay', path, layer: lower, how: 'lower', blocks: false },
  ]);
  await umount(target);
  overlay.unmountSync();
});

test('holders() reports a loop device whose file is on the mount', async ({ place, skip }) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const target = mounted(place);
  const image = place.file('m/disk image');
  writeFileSync(image, Buffer.alloc(64 * 1024));
  const { status, stdout } = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' });
  const device = stdout.trim();
  try {
    if (status === 0) {
      expect(await holders(target)).toEqual([{ kind: 'loop', device, path: image, blocks: true }]);
      const [reason] = await busyReasons(target);
      expect(reason).toBe(
        `the mount is in use: loop device ${device} uses the file '${image}' (losetup -d); end each use first`,
      );
    }
  } finally {
    if (status === 0) spawnSync('losetup', ['--detach', device]);
  }
  await umount(target, { retry: { for: 5_000 } });
  skip(status !== 0, 'losetup(8) cannot make a loop device on this system');
});

test('holders() returns names that are not UTF-8 as Buffers, and the reason of EBUSY escapes the names', async ({
  place,
}) => {
  const target = Buffer.concat([Buffer.from(`${place.root}/new\nline \\ `), Buffer.from([0xff])]);
  mkdirSync(target);
  mountSync('held', target, 'tmpfs');
  const log = Buffer.concat([target, Buffer.from('/\n\\')]);
  const file = openSync(log, 'w');
  mkdirSync(Buffer.concat([target, Buffer.from('/d\n')]));
  mountSync('x', Buffer.concat([target, Buffer.from('/d\n')]), 'tmpfs');
  const found = await holders(target);
  expect(found).toMatchObject([{ path: log }, { path: Buffer.concat([target, Buffer.from('/d\n')]) }]);
  const reason = (thrownBy(() => umountSync(target)) as MountError).reason;
  expect(reason).toContain(`open file '${place.root}/new\\x0aline \\ \\xff/\\x0a\\'`);
  closeSync(file);
  umountSync(target, { recursive: true });
});

test('holders() returns paths as Buffers with encoding: "buffer"', async ({ place }) => {
  const target = mounted(place);
  const file = openSync(`${target}/own`, 'w');
  expect(await holders(target, { encoding: 'buffer' })).toMatchObject([{ path: Buffer.from(`${target}/own`) }]);
  expect(holdersSync(target, { encoding: 'utf8' })).toMatchObject([{ path: `${target}/own` }]);
  closeSync(file);
  umountSync(target);
});

test('holders() of a relative target does not report the descriptors of its own scan', async ({ place, skip }) => {
  const target = mounted(place);
  const before = process.cwd();
  try {
    process.chdir(target);
  } catch {
    skip(true, 'process.chdir() is not available in workers');
  }
  // The scans run one after the other: until a scan begins, it holds the working directory of the caller, which a
  // second scan would report.
  expect(holdersSync('.')).toMatchObject([{ how: 'cwd', isThisProcess: true }]);
  expect(await holders('.')).toMatchObject([{ how: 'cwd', isThisProcess: true }]);
  process.chdir(before);
  expect(await holders(target)).toEqual([]);
  await umount(target);
});

test('holders() returns although the filesystem does not answer and another process waits for the answer', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using hang = new Hang(place.directory('hang'));
  await using child = await HolderProcess.shell(
    `exec 3<${hang.path.replace(/hang$/, '')}; cat ${hang.path}/x & sleep 0.1`,
  );
  expect(of(await holders(hang.path), child.pid)).toEqual([]);
  expect(holdersSync(hang.path)).toEqual(expect.any(Array));
  hang.end();
});

test.for([
  [
    'a target that is no mount point',
    (place: Place) => place.directory('d'),
    'EINVAL',
    'is not a mount point, but a path on the mount at',
  ],
  ['a missing target', (place: Place) => place.path('missing'), 'ENOENT', 'does not exist'],
] as const)(
  'holders() rejects with a reason for a wrong target: %s',
  async ([_name, path, code, reason], { place }) => {
    const target = path(place);
    for (const error of [await rejectionOf(holders(target)), thrownBy(() => holdersSync(target))]) {
      expect(error).toMatchObject({ code, syscall: 'statx', path: target });
      expect((error as MountError).reason).toContain(reason);
    }
  },
);

test.for<[string, unknown[], string]>([
  ['a missing target', [], 'ERR_INVALID_ARG_TYPE'],
  ['a target with a NUL character', ['/a\0'], 'ERR_INVALID_ARG_VALUE'],
  ['a mistyped option', ['/', { encodin: 'buffer' }], 'ERR_INVALID_ARG_VALUE'],
  ['an unknown encoding', ['/', { encoding: 'latin1' }], 'ERR_INVALID_ARG_VALUE'],
])('holders() throws or rejects with an ERR_* code for a wrong argument: %s', async ([_name, call, code]) => {
  expect(await rejectionOf(holders(...(call as [string])))).toMatchObject({ code });
  expect(thrownBy(() => holdersSync(...(call as [string])))).toMatchObject({ code });
});

test('a hundred holders() calls leave no descriptor open', async ({ place }) => {
  const target = mounted(place);
  const before = descriptors();
  for (let round = 0; round < times(25); round++) {
    await Promise.all([holders(target), holders(target), holders('/missing').catch(() => {})]);
    holdersSync(target);
  }
  expect(openedSince(before)).toEqual([]);
  unlinkSync(place.file('m/x'));
  umountSync(target);
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
