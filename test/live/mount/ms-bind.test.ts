// Tests mount() and mountSync() with MS_BIND and further flags such as MS_RDONLY: the bind that is never writable.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { constants, MountError, mount, mountSync, umountSync } from '../../../lib/index.js';
import { inUserNamespace, runNode } from '../../support/child.js';
import { inEveryPass } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

const { MS_BIND, MS_RDONLY, MS_REC, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME } = constants;

const forms = [
  ['sync', mountSync as (...call: Parameters<typeof mount>) => unknown],
  ['async', mount],
] as const;

describe.each(forms)('mount() with MS_BIND | MS_RDONLY, %s', (_, doMount) => {
  test('mount() with MS_BIND | MS_RDONLY makes a read-only bind, and its source stays writable', async ({ place }) => {
    const source = place.directory('source', { file: 'old' });
    const target = place.directory('target');
    await doMount(source, target, null, MS_BIND | MS_RDONLY);
    expect(() => writeFileSync(`${target}/file`, 'new')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    writeFileSync(`${source}/file`, 'new');
    expect(readFileSync(`${target}/file`, 'utf8')).toBe('new');
  });

  test('mount() with MS_BIND | MS_RDONLY binds a file read-only over a file', async ({ place }) => {
    const source = place.file('source', 'content');
    const target = place.file('target');
    await doMount(source, target, null, MS_BIND | MS_RDONLY);
    expect(readFileSync(target, 'utf8')).toBe('content');
    expect(() => writeFileSync(target, 'new')).toThrow(expect.objectContaining({ code: 'EROFS' }));
  });

  test.for([
    ['nosuid, nodev, noexec', MS_NOSUID | MS_NODEV | MS_NOEXEC, ['ro', 'nosuid', 'nodev', 'noexec', 'relatime']],
    ['noatime, nodiratime', MS_NOATIME | MS_NODIRATIME, ['ro', 'noatime', 'nodiratime']],
    ['strictatime', constants.MS_STRICTATIME, ['ro']],
    ['nothing', 0, ['ro', 'relatime']],
  ] as const)(
    'mount() with MS_BIND | MS_RDONLY keeps the attributes of the source mount: %s',
    async ([_name, flags, expected], { place }) => {
      const source = place.directory('source');
      const target = place.directory('target');
      mountSync('source', source, 'tmpfs', flags);
      await doMount(source, target, null, MS_BIND | MS_RDONLY);
      expect(tableEntry(target)?.options.toSorted()).toEqual([...expected].sort());
    },
  );

  test('mount() with MS_BIND and attribute flags adds the flags to the attributes of the source mount', async ({
    place,
  }) => {
    const source = place.directory('source');
    const target = place.directory('target');
    mountSync('source', source, 'tmpfs', MS_NOSUID);
    await doMount(source, target, null, MS_BIND | MS_RDONLY | MS_NODEV | MS_NOATIME | constants.MS_NOSYMFOLLOW);
    expect(tableEntry(target)?.options.toSorted()).toEqual(['noatime', 'nodev', 'nosuid', 'nosymfollow', 'ro']);
    expect(tableEntry(source)?.options.toSorted()).toEqual(['nosuid', 'relatime', 'rw']);
  });

  test('mount() with MS_BIND | MS_NOEXEC sets noexec and leaves the bind writable', async ({ place }) => {
    const target = place.directory('target');
    await doMount(place.directory('source'), target, null, MS_BIND | MS_NOEXEC);
    expect(tableEntry(target)?.options.toSorted()).toEqual(['noexec', 'relatime', 'rw']);
  });

  test('mount() with MS_BIND | MS_REC | MS_RDONLY makes every mount of the tree read-only', async ({ place }) => {
    const source = place.directory('source');
    place.directory('source/one');
    mountSync('one', `${source}/one`, 'tmpfs', MS_NOSUID);
    place.directory('source/one/two\n\\three');
    mountSync('two', `${source}/one/two\n\\three`, 'tmpfs', MS_NOEXEC);
    const target = place.directory('target');
    await doMount(source, target, null, MS_BIND | MS_REC | MS_RDONLY);
    const options = mountTable()
      .filter(({ mountPoint }) => mountPoint.startsWith(target))
      .map((entry) => entry.options.toSorted().join());
    expect(options.sort()).toEqual(['noexec,relatime,ro', 'nosuid,relatime,ro', 'relatime,ro']);
    for (const below of ['', '/one', '/one/two\n\\three']) {
      expect(() => writeFileSync(`${target}${below}/file`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
      writeFileSync(`${source}${below}/file`, '');
    }
  });

  test('mount() with MS_BIND and without MS_REC binds no mount that is below the source', async ({ place }) => {
    const source = place.directory('source');
    place.directory('source/one');
    mountSync('one', `${source}/one`, 'tmpfs');
    const target = place.directory('target');
    await doMount(source, target, null, MS_BIND | MS_RDONLY);
    expect(tableEntry(`${target}/one`)).toBeUndefined();
  });

  test('mount() resolves a relative source and a relative target against the option cwd', async ({ place }) => {
    place.directory('source', { here: '' });
    const target = place.directory('target');
    await doMount('source', 'target', null, MS_BIND | MS_RDONLY, null, { cwd: place.root });
    expect(tableEntry(target)?.options).toContain('ro');
  });

  test.for([
    ['the source is missing', 'missing', 'target', 'ENOENT'],
    ['the target is missing', 'source', 'missing', 'ENOENT'],
    ['the source is a directory and the target is a file', 'source', 'file', 'ENOTDIR'],
    ['the source is an empty path', '', 'target', ['EINVAL', 'ENOENT']],
  ] as const)(
    'a read-only bind rejects with a MountError and leaves no mount: %s',
    async ([_name, from, to, code], { place }) => {
      place.directory('source');
      place.directory('target');
      place.file('file');
      const before = mountTable().length;
      const source = from === '' ? '' : place.path(from);
      const error = await rejectionOf((async () => doMount(source, place.path(to), null, MS_BIND | MS_RDONLY))());
      expect(error).toBeInstanceOf(MountError);
      expect([code].flat()).toContain((error as MountError).code);
      expect(error).toMatchObject({ path: source, dest: place.path(to), flags: 'MS_RDONLY|MS_BIND' });
      expect(error).not.toHaveProperty('left');
      expect(mountTable().length).toBe(before);
    },
  );
});

test('mount() with MS_REMOUNT | MS_BIND sets exactly the flags it is given, as the kernel does', ({ place }) => {
  const target = place.directory('t');
  mountSync('x', target, 'tmpfs', MS_NOSUID);
  mountSync(null, target, null, constants.MS_REMOUNT | MS_BIND | MS_RDONLY);
  expect(tableEntry(target)?.options).not.toContain('nosuid');
});

test('a process that writes through the target while it is bound read-only never writes into the source', async ({
  place,
  skip,
}) => {
  skip(lacks.treeCalls !== undefined, lacks.treeCalls);
  place.directory('source');
  const target = place.directory('target', { below: '' });
  // The child process writes through the target as fast as possible. A write may land in the directory below the mount
  // point while nothing is mounted; no write may ever land in the source.
  const writer = spawn(process.execPath, [
    '--eval',
    `const { openSync, closeSync } = require('node:fs');
     process.stdout.write('ready');
     for (;;) try { closeSync(openSync(process.argv[1], 'w')); } catch {}`,
    `${target}/written`,
  ]);
  try {
    await once(writer.stdout, 'data');
    const until = Date.now() + inEveryPass(3000, 500);
    let rounds = 0;
    while (Date.now() < until || rounds <= 100) {
      mountSync(place.path('source'), target, null, MS_BIND | MS_RDONLY);
      if (rounds % 20 === 0) await new Promise(setImmediate);
      umountSync(target, constants.MNT_DETACH);
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(100);
    expect(() => readFileSync(place.path('source/written'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    // This file proves that the child process wrote during the whole test.
    expect(readFileSync(`${target}/written`, 'utf8')).toBe('');
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'close');
  }
});

describe('read-only bind whose second step fails', () => {
  const script = `
    import { mount, mountSync, constants } from 'linux-mount';
    const [source, target, flags] = process.argv.slice(1);
    for (const form of [mountSync, mount]) {
      try { await form(source, target, null, Number(flags)); console.log('mounted'); }
      catch ({ code, syscall, step, left, message }) { console.log(JSON.stringify({ code, syscall, step, left, message })); }
    }`;

  const OLDER = ['open_tree=ENOSYS', 'mount_setattr=ENOSYS'];

  test.for<[string, readonly string[], number, object]>([
    ['mount_setattr', ['mount_setattr=EIO'], MS_BIND | MS_RDONLY, { code: 'EIO', syscall: 'mount' }],
    ['remount of the bind', [...OLDER, 'remount=EPERM'], MS_BIND | MS_RDONLY, { code: 'EPERM', syscall: 'mount' }],
    ['remount of a tree', [...OLDER, 'remount=ENOMEM'], MS_BIND | MS_REC | MS_RDONLY, { code: 'ENOMEM' }],
    [
      'lookup of the mount ID',
      [...OLDER, 'statx-mount-id=EIO'],
      MS_BIND | MS_RDONLY,
      { code: 'EIO', syscall: 'statx' },
    ],
    ['attach', ['move_mount=EPERM', 'remount=EPERM'], MS_BIND | MS_RDONLY, { code: 'EPERM', syscall: 'mount' }],
  ])(
    'a read-only bind leaves no mount when its second step fails: %s',
    async ([_name, deny, flags, expected], { place, skip }) => {
      skip(lacks.deny !== undefined, lacks.deny);
      const source = place.directory('source');
      place.directory('source/one');
      mountSync('one', `${source}/one`, 'tmpfs');
      const target = place.directory('target');
      const before = mountTable().length;
      const rules = deny[0] === 'mount_setattr=EIO' ? [...deny, 'remount=EIO'] : deny;
      const { stdout, stderr } = await runNode(script, { args: [source, target, String(flags)], deny: rules });
      expect(stderr).toBe('');
      const errors = stdout.trim().split('\n');
      expect(errors).toHaveLength(2);
      for (const error of errors) {
        expect(JSON.parse(error)).toMatchObject(expected);
        expect(JSON.parse(error)).not.toHaveProperty('left');
      }
      expect(mountTable().length).toBe(before);
    },
  );

  test('the error names the mount that remains when a read-only bind and its undo both fail', async ({
    place,
    skip,
  }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    const source = place.directory('source');
    const target = place.directory('target');
    const { stdout } = await runNode(script, {
      args: [source, target, String(MS_BIND | MS_RDONLY)],
      deny: [...OLDER, 'remount=EPERM', 'umount2=EIO'],
    });
    const error = JSON.parse(stdout.split('\n')[0] ?? '');
    expect(error).toMatchObject({ code: 'EPERM', left: [`'${target}'`] });
    expect(error.message).toContain(`(could not be undone: '${target}')`);
    expect(tableEntry(target)?.options).toContain('rw');
  });

  test('a recursive read-only bind fails with EBUSY on an older kernel when one mount hides another', async ({
    place,
    skip,
  }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    const source = place.directory('source');
    place.directory('source/one');
    mountSync('hidden', `${source}/one`, 'tmpfs');
    mountSync('above', `${source}/one`, 'tmpfs');
    const target = place.directory('target');
    const { stdout } = await runNode(script, {
      args: [source, target, String(MS_BIND | MS_REC | MS_RDONLY)],
      deny: OLDER,
    });
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ code: 'EBUSY', syscall: 'mount' });
    expect(tableEntry(target)).toBeUndefined();
  });
});

test('a recursive read-only bind gives the same mounts with and without open_tree(2) and mount_setattr(2)', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const source = place.directory('source');
  place.directory('source/one');
  mountSync('x', source, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOATIME);
  place.directory('source/one');
  mountSync('one', `${source}/one`, 'tmpfs', MS_NOEXEC);
  const script = `
    import { mountSync } from 'linux-mount';
    mountSync(process.argv[1], process.argv[2], null, ${MS_BIND | MS_REC | MS_RDONLY | MS_NOEXEC});`;
  const optionsBelow = (path: string) =>
    mountTable()
      .filter(({ mountPoint }) => mountPoint.startsWith(path))
      .map((entry) => entry.options);
  const results = [];
  for (const [name, deny] of [
    ['older', ['open_tree=ENOSYS']],
    ['sandbox', ['mount_setattr=EPERM']],
    ['newer', []],
  ] as const) {
    const target = place.directory(name);
    const { status, stderr } = await runNode(script, { args: [source, target], deny });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    results.push(optionsBelow(target));
  }
  expect(results[0]).toEqual([
    ['ro', 'nosuid', 'nodev', 'noexec', 'noatime'],
    ['ro', 'noexec', 'relatime'],
  ]);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('a read-only bind in a user namespace keeps the locked flags nosuid, nodev and noexec', async ({
  place,
  skip,
}) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const source = place.directory('source');
  const target = place.directory('target');
  mountSync('x', source, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC);
  const script = `
    import { readFileSync } from 'node:fs';
    import { mountSync } from 'linux-mount';
    mountSync(process.argv[1], process.argv[2], null, ${MS_BIND | MS_RDONLY});
    console.log(readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').find((line) => line.includes(process.argv[2])));`;
  for (const deny of [[], ['mount_setattr=ENOSYS']]) {
    const { stdout, stderr } = await runNode(script, {
      args: [source, target],
      deny,
      wrapper: inUserNamespace,
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('ro,nosuid,nodev,noexec,relatime');
  }
  expect(thrownBy(() => umountSync(target))).toMatchObject({ code: 'EINVAL' });
});
