// Tests mount() and mountSync(), the calls that map directly to mount(2).
import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { constants, MountError, mount, mountSync, pageSize, umount, umountSync } from '../../../lib/index.js';
import { asOrdinaryUser, runNode } from '../../support/child.js';
import { lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { detachedBuffer, rejectionOf, thrownBy } from '../../support/values.js';

// Each test runs with both forms, which differ only in the thread that makes the system call.
const forms = [
  ['mountSync', mountSync as (...call: Parameters<typeof mount>) => unknown],
  ['mount', mount],
] as const;

describe.each(forms)('%s', (_, doMount) => {
  test('mount() mounts a filesystem with its data and flags', async ({ place }) => {
    const target = place.directory('t');
    await doMount('cache', target, 'tmpfs', constants.MS_NOSUID | constants.MS_NODEV, 'size=64k,mode=700');
    const entry = tableEntry(target);
    expect(entry).toMatchObject({ fsType: 'tmpfs', source: 'cache' });
    expect(entry?.options).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev']));
    expect(entry?.superOptions).toMatch(/size=64k.*mode=700/);
    expect(statSync(target).mode & 0o777).toBe(0o700);
  });

  test('mount() accepts flags, data and options as optional arguments', async ({ place }) => {
    const target = place.directory('t');
    await doMount('tmpfs', target, 'tmpfs');
    expect(tableEntry(target)?.fsType).toBe('tmpfs');
  });

  test('mount() changes an existing mount when source and type are null', async ({ place }) => {
    const target = place.directory('t');
    await doMount('tmpfs', target, 'tmpfs');
    await doMount(null, target, null, constants.MS_REMOUNT | constants.MS_BIND | constants.MS_RDONLY);
    expect(tableEntry(target)?.options).toContain('ro');
    await doMount(null, target, null, constants.MS_SHARED);
    expect(tableEntry(target)?.propagation).toMatch(/^shared:/);
  });

  test.for([
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x41])],
    ['a newline, a space and a backslash', Buffer.from('a\n b\\c')],
    ['a colon and a comma', Buffer.from('a:b,c')],
    ['an emoji', Buffer.from('😀')],
  ] as const)('mount() mounts on a target with an unusual name: %s', async ([_name, name], { place }) => {
    const target = Buffer.concat([Buffer.from(`${place.root}/`), name]);
    mkdirSync(target);
    await doMount('tmpfs', target, 'tmpfs');
    mkdirSync(Buffer.concat([target, Buffer.from('/here')]));
    umountSync(target);
    expect(readdirSync(target)).toEqual([]);
  });

  test('mount() accepts a URL, a Uint8Array or a Buffer for each path', async ({ place }) => {
    const source = place.directory('source', { here: '' });
    const target = place.directory('target space');
    await doMount(pathToFileURL(source), pathToFileURL(target), null, constants.MS_BIND);
    expect(readdirSync(target)).toEqual(['here']);
    umountSync(pathToFileURL(target));
    await doMount(new Uint8Array(Buffer.from(source)), Buffer.from(target), null, constants.MS_BIND);
    expect(readdirSync(target)).toEqual(['here']);
  });

  test('mount() follows a symbolic link in the target', async ({ place }) => {
    const target = place.directory('t');
    symlinkSync('t', place.path('link'));
    await doMount('tmpfs', place.path('link'), 'tmpfs');
    expect(tableEntry(target)?.fsType).toBe('tmpfs');
  });

  test('mount() accepts a path of 4095 bytes, and rejects a longer path with ENAMETOOLONG', async ({ place }) => {
    const pad = '/'.repeat(4095 - Buffer.byteLength(place.directory('t')));
    const target = `${place.root}${pad}/t`;
    expect(Buffer.byteLength(target)).toBe(4095);
    await doMount('tmpfs', target, 'tmpfs');
    expect(tableEntry(place.path('t'))?.fsType).toBe('tmpfs');
    const error = await rejectionOf((async () => doMount('tmpfs', `${place.root}/${pad}/t`, 'tmpfs'))());
    expect(error).toMatchObject({ code: 'ENAMETOOLONG' });
  });

  describe('argument data', () => {
    // tmpfs takes the option "mode", and leading zeros make the data as long as the test needs.
    const dataOf = (bytes: number) => `mode=${'700'.padStart(bytes - 'mode='.length, '0')}`;

    test('mount() passes data of PAGE_SIZE - 1 bytes to the kernel completely', async ({ place }) => {
      const target = place.directory('t');
      // The option "size" comes last, so that it takes effect only if the kernel reads all bytes.
      const tail = ',size=64k';
      await doMount('tmpfs', target, 'tmpfs', 0, `${dataOf(pageSize - 1 - tail.length)}${tail}`);
      expect(tableEntry(target)?.superOptions).toMatch(/size=64k.*mode=700/);
    });

    test.for(['string', 'bytes'])(
      'mount() rejects data of PAGE_SIZE bytes with E2BIG: a %s',
      async (kind, { place }) => {
        const target = place.directory('t');
        const text = dataOf(pageSize);
        const data = kind === 'string' ? text : Buffer.from(text);
        const error = await rejectionOf((async () => doMount('tmpfs', target, 'tmpfs', 0, data))());
        expect(error).toBeInstanceOf(MountError);
        expect(error).toMatchObject({ code: 'E2BIG', errno: -7, syscall: 'mount', path: 'tmpfs', dest: target });
        expect((error as MountError).reason).toContain(`${pageSize + 1} bytes`);
        expect(tableEntry(target)).toBeUndefined();
      },
    );

    test('mount() counts the length of data in bytes, not in characters', async ({ place }) => {
      const target = place.directory('t');
      const text = 'ü'.repeat(pageSize / 2);
      expect(text.length).toBe(pageSize / 2);
      const error = await rejectionOf((async () => doMount('tmpfs', target, 'tmpfs', 0, text))());
      expect(error).toMatchObject({ code: 'E2BIG' });
    });

    test('an error of mount() does not contain the data', async ({ place }) => {
      const error = await rejectionOf(
        (async () => doMount('x', place.directory('t'), 'tmpfs', 0, 'password=hunter2,nonsense'))(),
      );
      expect(error).toMatchObject({ code: 'EINVAL' });
      expect(JSON.stringify({ ...(error as object), text: String(error) })).not.toContain('hunter2');
    });
  });

  describe('option cwd', () => {
    test('mount() resolves a relative source and target against cwd without a chdir of the process', async ({
      place,
    }) => {
      place.directory('in/source', { here: '' });
      place.directory('in/target');
      const before = process.cwd();
      await doMount('source', 'target', null, constants.MS_BIND, null, { cwd: place.path('in') });
      expect(readdirSync(place.path('in/target'))).toEqual(['here']);
      expect(process.cwd()).toBe(before);
    });

    test('mount() resolves relative paths inside the data against cwd', async ({ place, skip }) => {
      skip(lacksOverlay !== undefined, lacksOverlay);
      place.directory('in/a', { fromA: '' });
      place.directory('in/b', { fromB: '' });
      place.directory('in/merged');
      await doMount('overlay', 'merged', 'overlay', 0, 'lowerdir=a:b', { cwd: Buffer.from(place.path('in')) });
      expect(readdirSync(place.path('in/merged')).sort()).toEqual(['fromA', 'fromB']);
    });

    test('mount() rejects with ENOENT and names cwd when the directory of cwd is missing', async ({ place }) => {
      const cwd = place.path('missing');
      const error = await rejectionOf((async () => doMount('a', 'b', null, constants.MS_BIND, null, { cwd }))());
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'chdir', path: cwd, step: 'cwd' });
      expect(error).not.toHaveProperty('dest');
    });
  });

  test('mount() rejects with a MountError that has the documented properties and message', async ({ place }) => {
    const target = place.path('missing');
    const error = await rejectionOf((async () => doMount('tmpfs', target, 'tmpfs', constants.MS_NOSUID))());
    expect(error).toBeInstanceOf(MountError);
    expect({ ...(error as object) }).toEqual({
      code: 'ENOENT',
      errno: -2,
      syscall: 'mount',
      path: 'tmpfs',
      dest: target,
      fsType: 'tmpfs',
      flags: 'MS_NOSUID',
      step: 'mount',
      reason: expect.stringMatching(/^the target '.*\/missing' does not exist/),
    });
    const { message, reason } = error as MountError;
    expect(message).toBe(`ENOENT: no such file or directory, mount 'tmpfs' -> '${target}': ${reason}`);
    expect((error as Error).stack).toMatch(/mount\.test\.[jt]s/);
  });

  test('an error of mount() names the target as path when the source is null', async ({ place }) => {
    const target = place.directory('t');
    const error = await rejectionOf((async () => doMount(null, target, null, constants.MS_REMOUNT))());
    expect(error).toMatchObject({
      code: 'EINVAL',
      path: target,
      message: expect.stringContaining(`EINVAL: invalid argument, mount '${target}': the target`),
    });
    expect(error).not.toHaveProperty('dest');
  });

  test.for<[string, unknown[], string]>([
    ['no arguments', [], 'ERR_INVALID_ARG_TYPE'],
    ['a number for the source', [1, '/t', 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['undefined for the source', [undefined, '/t', 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['a number for the target', ['x', 1, 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['null for the target', ['x', null, 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['a missing target', ['x'], 'ERR_INVALID_ARG_TYPE'],
    ['a Symbol for the source', [Symbol('x'), '/t', 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['a Symbol for flags', ['x', '/t', 'tmpfs', Symbol('x')], 'ERR_INVALID_ARG_TYPE'],
    ['a detached buffer for the target', ['x', detachedBuffer(), 'tmpfs'], 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in the source', ['x\0', '/t', 'tmpfs'], 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in the target', ['x', '/t\0', 'tmpfs'], 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in the type', ['x', '/t', 'tmp\0fs'], 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in the data', ['x', '/t', 'tmpfs', 0, 'size=1k\0'], 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in cwd', ['x', '/t', 'tmpfs', 0, null, { cwd: '/\0' }], 'ERR_INVALID_ARG_VALUE'],
    ['flags of 1.5', ['x', '/t', 'tmpfs', 1.5], 'ERR_OUT_OF_RANGE'],
    ['flags of -1', ['x', '/t', 'tmpfs', -1], 'ERR_OUT_OF_RANGE'],
    ['flags of 2 ** 53', ['x', '/t', 'tmpfs', 2 ** 53], 'ERR_OUT_OF_RANGE'],
    ['data that is an object', ['x', '/t', 'tmpfs', 0, {}], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['x', '/t', 'tmpfs', 0, null, { cdw: '/' }], 'ERR_INVALID_ARG_VALUE'],
    ['options that are null', ['x', '/t', 'tmpfs', 0, null, null], 'ERR_INVALID_ARG_TYPE'],
  ])(
    'mount() throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_what, call, code], { place }) => {
      // The test replaces /t by an existing directory, so that a call that reaches the kernel would make a visible mount.
      const target = place.directory('t');
      const placed = call.map((argument) => (typeof argument === 'string' ? argument.replace('/t', target) : argument));
      const result = async () => doMount(...(placed as Parameters<typeof mount>));
      const error = await rejectionOf(result());
      expect(error).toMatchObject({ code });
      expect(error).toBeInstanceOf(code === 'ERR_OUT_OF_RANGE' ? RangeError : TypeError);
      expect(tableEntry(target)).toBeUndefined();
    },
  );
});

test('wrong arguments throw from the synchronous form and reject the asynchronous form', async () => {
  const wrong = 1 as unknown as string;
  expect(thrownBy(() => mountSync(wrong, '/t', 'tmpfs'))).toBeInstanceOf(TypeError);
  expect(thrownBy(() => umountSync(wrong))).toBeInstanceOf(TypeError);
  const promises = [mount(wrong, '/t', 'tmpfs'), umount(wrong)];
  for (const promise of promises) expect(await rejectionOf(promise)).toBeInstanceOf(TypeError);
});

test('the stack of an asynchronous error contains the function that called mount()', async ({ place }) => {
  async function theCaller() {
    await mount('tmpfs', place.path('missing'), 'tmpfs');
  }
  expect(((await rejectionOf(theCaller())) as Error).stack).toMatch(/ theCaller /);
});

test('mount() passes null data to the kernel as NULL, and an empty string as an empty string', async ({ skip }) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const { stdout, stderr } = await runNode(
    `import { mkdtempSync, rmdirSync } from 'node:fs';
     import { mountSync, umountSync } from 'linux-mount';
     const target = mkdtempSync(process.env.TMPDIR + '/data-');
     for (const data of [null, undefined, '']) {
       try { mountSync('x', target, 'tmpfs', 0, data); console.log('mounted'); umountSync(target); } catch (error) { console.log(error.code); }
     }
     rmdirSync(target);`,
    { deny: ['mount-with-data=EIO'] },
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('mounted\nmounted\nEIO\n');
});

test('mount() and umount() reject with EPERM without privilege', async ({ skip }) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { stdout, stderr } = await runNode(
    `import { mount, mountSync, umount, umountSync } from 'linux-mount';
     for (const action of [() => mountSync('x', '/mnt', 'tmpfs'), () => mount('x', '/mnt', 'tmpfs'),
       () => mountSync('/', '/mnt', null, 4097), () => umountSync('/proc'), () => umount('/proc')]) {
       try { await action(); console.log('done'); } catch (error) { console.log(error.code, error.errno); }
     }`,
    { wrapper: asOrdinaryUser },
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('EPERM -1\n'.repeat(5));
});

test('200 concurrent mount() calls all mount, and 200 concurrent umount() calls all unmount', async ({ place }) => {
  const targets = Array.from({ length: 200 }, (_, index) => place.directory(`t${index}`));
  await Promise.all(targets.map((target) => mount('tmpfs', target, 'tmpfs')));
  expect(targets.filter((target) => tableEntry(target) === undefined)).toEqual([]);
  await Promise.all(targets.map((target) => umount(target)));
  expect(targets.filter((target) => tableEntry(target) !== undefined)).toEqual([]);
});

test('mount() resolves a relative path against the working directory at the time of the call', async ({ place }) => {
  // process.chdir() changes the working directory of the whole process, so a child process runs the test.
  const script = `
    import { mkdirSync } from 'node:fs';
    import { mount } from 'linux-mount';
    const root = process.argv[1];
    mkdirSync(root + '/one/t', { recursive: true });
    mkdirSync(root + '/two/t', { recursive: true });
    process.chdir(root + '/one');
    const first = mount('first', 't', 'tmpfs');
    process.chdir(root + '/two');
    const second = mount('second', 't', 'tmpfs');
    process.chdir('/');
    await Promise.all([first, second]);`;
  const { status, stderr } = await runNode(script, { args: [place.root] });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(tableEntry(join(place.root, 'one/t'))?.source).toBe('first');
  expect(tableEntry(join(place.root, 'two/t'))?.source).toBe('second');
});
