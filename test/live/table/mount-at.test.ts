// Tests isMountPoint() and mountAt() and their synchronous forms.
import { closeSync, mkdirSync, openSync, realpathSync, symlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  constants,
  isMountPoint,
  isMountPointSync,
  mountAt,
  mountAtSync,
  mountOverlaySync,
  mountSync,
  readMountTableSync,
  umountSync,
} from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksOverlay, lacksUniqueIds } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

const { MS_BIND, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY, MS_REMOUNT } =
  constants;
const { MS_SHARED, MS_SLAVE, MS_STRICTATIME, MS_UNBINDABLE } = constants;

describe('isMountPoint', () => {
  test('isMountPoint is true for mounted directories, files and binds, and false for other paths', async ({
    place,
  }) => {
    const [directory, file] = [place.directory('directory'), place.file('file')];
    for (const path of [directory, file]) {
      expect([isMountPointSync(path), await isMountPoint(path)]).toEqual([false, false]);
      mountSync(path, path, null, MS_BIND);
      expect([isMountPointSync(path), await isMountPoint(path)]).toEqual([true, true]);
    }
    const link = place.path('link');
    symlinkSync(directory, link);
    expect(await isMountPoint(link)).toBe(true);
    expect(isMountPointSync(Buffer.from(`${place.root}/directory/.`))).toBe(true);
    expect(isMountPointSync('/proc')).toBe(true);
    expect(isMountPointSync('/proc/self')).toBe(false);
  });

  test('isMountPoint rejects with ENOENT when the path does not exist', async ({ place }) => {
    const path = place.path('missing');
    const missing = { code: 'ENOENT', syscall: 'statx', step: 'go to the path', path };
    expect(await rejectionOf(isMountPoint(path))).toMatchObject(missing);
    expect(thrownBy(() => isMountPointSync(path))).toMatchObject(missing);
    expect(thrownBy(() => isMountPointSync(''))).toMatchObject({ code: 'ENOENT' });
    expect(thrownBy(() => isMountPointSync('a\0b'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(await rejectionOf(isMountPoint(1 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('isMountPoint and mountAt resolve a relative path at the time of the call', async ({ place, skip }) => {
    skip(lacks.ownDirectory !== undefined, lacks.ownDirectory);
    mountSync('x', place.directory('m'), 'tmpfs');
    const before = process.cwd();
    try {
      process.chdir(place.root);
      const pending = [isMountPoint('m'), isMountPoint('.'), isMountPoint('m/..')];
      expect((await mountAt('m')).source).toBe('x');
      process.chdir('/');
      expect(await Promise.all(pending)).toEqual([true, true, true]);
    } finally {
      process.chdir(before);
    }
  });
});

/** Makes a mount of every kind that the tests can make without special hardware. */
function variety(place: Place): void {
  const tmpfs = (name: string, flags: number, more: readonly number[] = [], source = 'x', data = 'size=64k') => {
    const target = place.directory(name);
    mountSync(source, target, 'tmpfs', flags, data);
    for (const flag of more) mountSync(null, target, null, flag);
  };
  tmpfs('plain', 0);
  tmpfs('readonly', MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
  tmpfs('noatime', MS_NOATIME | MS_NODIRATIME | MS_NOSYMFOLLOW);
  tmpfs('strictatime', MS_STRICTATIME);
  tmpfs('mount only', 0, [MS_BIND | MS_REMOUNT | MS_RDONLY]);
  tmpfs('shared', 0, [MS_SHARED]);
  tmpfs('unbindable', 0, [MS_UNBINDABLE]);
  tmpfs('empty', 0, [], '');
  tmpfs('odd\n\t\\ #"name', 0, [], 'odd\n\t\\ #"source');
  mountSync(place.path('shared'), place.directory('slave'), null, MS_BIND);
  mountSync(null, place.path('slave'), null, MS_SLAVE);
  mountSync(place.path('shared'), place.directory('slave and shared'), null, MS_BIND);
  mountSync(null, place.path('slave and shared'), null, MS_SLAVE);
  mountSync(null, place.path('slave and shared'), null, MS_SHARED);
  mountSync(place.directory('a \\ b'), place.directory('bind'), null, MS_BIND);
  const raw = Buffer.from(`${place.root}/\xff\xfe`, 'latin1');
  mkdirSync(raw);
  mountSync(Buffer.from([0xff]), raw, 'tmpfs');
}

describe('mountAt', () => {
  test('mountAt returns the same entry as readMountTable for every visible mount', async ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    variety(place);
    const lower = [place.directory('l,1'), place.directory('l:2'), place.directory('l\\ 3')];
    using _merged = mountOverlaySync({ lower, target: place.directory('merged') });
    const table = readMountTableSync();
    const visible = table.entries.filter((entry) => !table.isHidden(entry));
    expect(visible.length).toBeGreaterThan(15);
    let count = 0;
    for (const entry of visible) {
      let found: unknown;
      try {
        found = mountAtSync(entry.target);
      } catch {
        continue; // Another user owns the parent directory.
      }
      count += 1;
      expect(found).toEqual(entry);
      expect(await mountAt(entry.target)).toEqual(entry);
    }
    expect(count).toBeGreaterThan(15);
    const bytes = readMountTableSync({ encoding: 'buffer' });
    expect(mountAtSync(place.root, { encoding: 'buffer' })).toEqual(bytes.at(place.root));
  });

  test('mountAt returns the topmost mount at a path, also below a mount point and in a stack', async ({ place }) => {
    const [top, below] = [place.directory('a'), place.directory('a/b/c')];
    expect(mountAtSync(below).target).toBe(realpathSync(place.root));
    mountSync('one', below, 'tmpfs');
    mountSync('two', below, 'tmpfs');
    expect((await mountAt(below)).source).toBe('two');
    mountSync('cover', top, 'tmpfs');
    expect(mountAtSync(top)).toEqual(readMountTableSync().at(top));
    umountSync(top);
    expect(mountAtSync(`${below}/.`).source).toBe('two');
  });

  test('mountAt returns an entry with the mount ID of the handle', ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const lower = [place.directory('l1'), place.directory('l2')];
    using merged = mountOverlaySync({ lower, target: place.directory('merged') });
    const why = lacksUniqueIds(merged);
    skip(why !== undefined, why);
    const { id, uniqueId } = mountAtSync(merged.target);
    expect(uniqueId ?? id).toBe(merged.id);
  });

  test('mountAt returns the complete entry of an overlay with 400 layers', ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const lower = Array.from({ length: 400 }, (_, index) => place.directory(`${'layer'.repeat(40)}${index}`));
    using merged = mountOverlaySync({ lower, target: place.directory('merged') });
    expect(mountAtSync(merged.target)).toEqual(readMountTableSync().at(merged.target));
  });

  test('mountAt rejects with ENOENT when the path is missing or its mount is not in the mount table', async ({
    place,
  }) => {
    const missing = { code: 'ENOENT', syscall: 'statx', path: place.path('missing') };
    expect(await rejectionOf(mountAt(place.path('missing')))).toMatchObject(missing);
    expect(thrownBy(() => mountAtSync('/proc/self/ns/mnt'))).toMatchObject({
      code: 'ENOENT',
      step: 'find the mount in the table',
    });
    const target = place.directory('gone');
    mountSync('x', target, 'tmpfs');
    const fd = openSync(target, 'r');
    umountSync(target, constants.MNT_DETACH);
    const error = await rejectionOf(mountAt(`/proc/self/fd/${fd}`));
    closeSync(fd);
    expect((error as Error).message).toContain('is not in the mount table of this process');
    expect(await rejectionOf(mountAt('/', { encodin: 'x' } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });
});

test('isMountPoint and mountAt do not wait for a filesystem that does not answer', async ({ place, skip }) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  using hang = new Hang(place.directory('hang'));
  expect(isMountPointSync(hang.path)).toBe(true);
  expect(await isMountPoint(hang.path)).toBe(true);
  expect(mountAtSync(hang.path)).toMatchObject({ fsType: 'fuse', source: 'hang' });
  expect((await mountAt(hang.path)).target).toBe(hang.path);
  // A lookup below the mount point has to wait for the filesystem, on a thread of this library that blocks no other
  // call.
  const pending = [isMountPoint(`${hang.path}/x`), mountAt(`${hang.path}/x`)].map(rejectionOf);
  expect(await isMountPoint('/proc')).toBe(true);
  hang.end();
  for (const error of await Promise.all(pending)) expect(error).toMatchObject({ syscall: 'statx' });
});

// The results must be the same where the kernel or a sandbox lacks statmount(2), listmount(2) or statx(2).
test.for([
  ['statmount(2) and listmount(2)', ['statmount=ENOSYS', 'listmount=ENOSYS']],
  ['statmount(2), listmount(2) and statx(2)', ['statmount=ENOSYS', 'listmount=ENOSYS', 'statx=ENOSYS']],
  ['statmount(2)', ['statmount=EPERM']],
] as const)(
  'isMountPoint, mountAt and readMountTable give the same results when newer system calls are missing: %s',
  async ([_name, deny], { place, skip }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    variety(place);
    place.directory('l');
    const { stdout, stderr } = await runNode(
      `import { isMountPointSync, isMountPoint, mountAtSync, readMountTableSync, readMountTable } from 'linux-mount';
     import { isDeepStrictEqual } from 'node:util';
     const [root] = process.argv.slice(1);
     const table = readMountTableSync();
     const own = table.under(root);
     const same = own.every((entry) => isDeepStrictEqual(entry, mountAtSync(entry.target)));
     const points = own.every((entry) => isMountPointSync(entry.target));
     const ids = table.entries.filter(({ uniqueId }) => uniqueId !== null).length;
     console.log(JSON.stringify([own.length, same, points, await isMountPoint(root + '/bind/..'),
       isMountPointSync(root + '/l'), (await readMountTable()).diff(table).length, ids]));`,
      { args: [place.root], deny },
    );
    const found = stdout === '' ? stderr : JSON.parse(stdout);
    const own = readMountTableSync().under(place.root);
    expect(found).toEqual([own.length, true, true, true, false, 0, 0]);
  },
);
