// Tests a target inside a root directory ({ root, path }): lookup, the option create, and the emulation of openat2(2).
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import {
  type Mount,
  MountError,
  mountBind,
  mountBindSync,
  mountFilesystem,
  mountOverlay,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  moveMount,
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
  type Target,
  type TargetInRoot,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { times } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { mountOperations } from '../../support/mount-operations.js';
import { type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, until } from '../../support/values.js';

const points = (place: Place) =>
  mountTable()
    .map(({ mountPoint }) => mountPoint)
    .filter((point) => point.startsWith(`${place.root}/`) && point !== place.path('movable'));

/** Makes a root directory with symbolic links of every kind, and directories of the same names outside. */
function rootWithLinks(place: Place): string {
  const root = place.directory('root');
  place.directory('root/a/b');
  place.directory('root/c');
  place.directory('outside/b');
  place.directory('a/b');
  const links = {
    absolute: '/a/b',
    relative: 'a/b',
    'a/up': '../a/b',
    'a/b/far': '../../../../../../c',
    chain: 'absolute',
    'a/root': '/',
    out: place.path('outside'),
    'a/out': '../../outside',
    dangling: 'missing',
    circle: 'circle',
  };
  for (const [name, text] of Object.entries(links)) symlinkSync(text, `${root}/${name}`);
  return root;
}

const INSIDE = [
  ['a/b', 'a/b'],
  ['/a/b', 'a/b'],
  ['//a//b/', 'a/b'],
  ['../../a/../a/./b', 'a/b'],
  ['absolute', 'a/b'],
  ['relative', 'a/b'],
  ['a/up', 'a/b'],
  ['a/b/far', 'c'],
  ['chain/far', 'c'],
  ['a/root/c', 'c'],
] as const;

describe.each(mountOperations)('$name', (mounting) => {
  test('a path in a root directory leads inside that directory, and the handle unmounts its mount', async ({
    place,
    skip,
  }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = rootWithLinks(place);
    for (const [path, expected] of INSIDE) {
      const mount = await mounting.mount(place, { root, path });
      expect([path, points(place)]).toEqual([path, [`${root}/${expected}`]]);
      await mount.unmount();
      expect(points(place)).toEqual([]);
      const other = await mounting.mount(place, { root: Buffer.from(root), path: Buffer.from(path) });
      other.unmountSync();
      expect(points(place)).toEqual([]);
    }
  });

  test.for([
    ['out', 'ENOENT', 'does not exist, or is a symbolic link to a path that does not exist in the root'],
    ['out/b', 'ENOENT', 'does not exist, or is a symbolic link to a path that does not exist in the root'],
    ['a/out/b', 'ENOENT', 'does not exist, or is a symbolic link to a path that does not exist in the root'],
    ['dangling', 'ENOENT', 'does not exist, or is a symbolic link to a path that does not exist in the root'],
    ['missing/x', 'ENOENT', 'does not exist, or is a symbolic link to a path that does not exist in the root'],
    ['circle', 'ELOOP', 'leads through too many symbolic links'],
  ] as const)(
    'a target in a root directory rejects with a reason and mounts nothing when its path leads outside: %s',
    async ([path, code, reason], { place, skip }) => {
      skip(mounting.lacks !== undefined, mounting.lacks);
      const root = rootWithLinks(place);
      const error = (await rejectionOf(mounting.mount(place, { root, path }))) as MountError;
      expect(error).toMatchObject({ code, syscall: 'openat2', step: 'open target' });
      expect(error.reason).toContain(`the target '${path}' inside the root '${root}' ${reason}`);
      expect(error.dest ?? error.path).toBe(`${root}/${path}`);
      expect(points(place)).toEqual([]);
    },
  );

  test('a handle unmounts only its own mount when another mount in a root directory is below it', async ({
    place,
    skip,
  }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = place.directory('root');
    mountSync('below', place.directory('root/t'), 'tmpfs');
    const mount = await mounting.mount(place, { root, path: 't' });
    expect(points(place)).toEqual([`${root}/t`, `${root}/t`]);
    expect(tableEntry(`${root}/t`)?.source).not.toBe('below');
    await mount.unmount();
    expect(tableEntry(`${root}/t`)?.source).toBe('below');
    // The mount of this handle is unmounted already, and the mount below does not belong to the handle.
    await mount.unmount();
    expect(tableEntry(`${root}/t`)?.source).toBe('below');
  });

  test('a target in a root directory can be the root directory itself', async ({ place, skip }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = place.directory('root');
    for (const path of ['/', '', '..']) {
      const mount = await mounting.mount(place, { root, path });
      expect(points(place)).toEqual([root]);
      await mount.unmount();
    }
  });

  test('a target in a root directory can have a name that is not UTF-8', async ({ place, skip }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const name = Buffer.from('ab\xff\n \\ü\t', 'latin1');
    const root = Buffer.concat([Buffer.from(`${place.directory('roots')}/`), name]);
    mkdirSync(root);
    const mount = await mounting.mount(place, { root, path: name, create: 'directory' });
    expect(mount.target).toEqual(Buffer.concat([root, Buffer.from('/'), name]));
    expect(points(place)).toHaveLength(1);
    await mount.unmount();
    expect(points(place)).toEqual([]);
    expect(readdirSync(root, { encoding: 'buffer' })).toEqual([name]);
  });

  test('the option create makes the missing directories of a target, and leaves them after a successful mount', async ({
    place,
    skip,
  }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = rootWithLinks(place);
    const mount = await mounting.mount(place, { root, path: 'absolute', create: 'match' });
    await mount.unmount();
    const made = await mounting.mount(place, { root, path: '/absolute/new/newer', create: 'match' });
    expect(points(place)).toEqual([`${root}/a/b/new/newer`]);
    await made.unmount();
    expect(readdirSync(`${root}/a/b/new/newer`)).toEqual([]);
    expect(statSync(`${root}/a/b/new`).mode & 0o7777).toBe(0o755 & ~process.umask());
    expect(existsSync(place.path('a/b/new'))).toBe(false);
  });

  test('noXdev rejects another mount with EXDEV, and noSymlinks rejects a symbolic link with ELOOP', async ({
    place,
    skip,
  }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = rootWithLinks(place);
    mountSync('other', place.path('root/c'), 'tmpfs');
    mkdirSync(`${root}/c/d`);
    const refused = async (target: TargetInRoot) => rejectionOf(mounting.mount(place, target));
    expect(await refused({ root, path: 'c/d', noXdev: true })).toMatchObject({
      code: 'EXDEV',
      reason: expect.stringContaining('leads to another mount, which noXdev forbids'),
    });
    expect(await refused({ root, path: 'relative', noSymlinks: true })).toMatchObject({
      code: 'ELOOP',
      reason: expect.stringContaining('leads through a symbolic link, which noSymlinks forbids'),
    });
    const mount = await mounting.mount(place, { root, path: 'a/b', noXdev: true, noSymlinks: true });
    expect(tableEntry(`${root}/a/b`)).toBeDefined();
    // The mount of the handle is another mount than that of the root directory; noXdev must not prevent the unmount.
    await mount.unmount();
    expect(points(place)).toEqual([`${root}/c`]);
  });

  test('a handle unmounts its mount inside a root directory after a symbolic link in the path was changed', async ({
    place,
    skip,
  }) => {
    skip(mounting.lacks !== undefined, mounting.lacks);
    const root = place.directory('root');
    place.directory('root/one/t');
    symlinkSync('one', `${root}/link`);
    place.directory('root/two/t');
    mountSync('other', `${root}/two/t`, 'tmpfs');
    const mount = await mounting.mount(place, { root, path: 'link/t' });
    rmSync(`${root}/link`);
    symlinkSync('two', `${root}/link`);
    await mount.unmount();
    expect(points(place)).toEqual([`${root}/two/t`]);
  });
});

test('a target in a root directory rejects magic links of /proc and accepts the other links of /proc', async ({
  place,
}) => {
  const root = place.directory('root');
  place.directory('root/proc');
  using _proc = await mountBind('/proc', { root, path: 'proc' });
  for (const path of ['proc/self/root/tmp', 'proc/self/cwd', 'proc/thread-self/fd/0', 'proc/1/root']) {
    const error = (await rejectionOf(mountTmpfs({ root, path }))) as MountError;
    // An ordinary user may have no permission to read the links of process 1.
    expect(['ELOOP', 'EACCES', 'EPERM']).toContain(error.code);
    if (error.code === 'ELOOP') expect(error.reason).toContain('through a magic link of /proc');
  }
  // "self" is an ordinary symbolic link of /proc.
  await using mount = await mountTmpfs({ root, path: 'proc/self/fdinfo' });
  expect(tableEntry(`${root}/proc/${process.pid}/fdinfo`)?.fsType).toBe('tmpfs');
  await mount.unmount();
});

describe('option create', () => {
  test.for([
    ['directory', 'source', 'directory'],
    ['match', 'source', 'directory'],
    ['match', 'source/mark', 'file'],
    ['file', 'source/mark', 'file'],
  ] as const)(
    'the option create makes the missing directories and the mount point: %s for a bind of %s',
    async ([create, from, kind], { place }) => {
      place.directory('source', { mark: 'content' });
      const root = place.directory('root');
      for (const bind of [mountBind, async (...call: Parameters<typeof mountBind>) => mountBindSync(...call)]) {
        const mount = await bind(place.path(from), { root, path: 'new/deep/t', create }, { readonly: true });
        expect(mount.target).toBe(`${root}/new/deep/t`);
        await mount.unmount();
        const made = lstatSync(`${root}/new/deep/t`);
        expect(made.isDirectory() ? 'directory' : 'file').toBe(kind);
        expect(made.mode & 0o777).toBe((kind === 'directory' ? 0o755 : 0o644) & ~process.umask());
        rmSync(`${root}/new`, { recursive: true });
      }
    },
  );

  test('the option create uses the umask of the process at the time of the call, also on threads of the addon', async ({
    place,
  }) => {
    const root = place.directory('root');
    const { stdout, stderr } = await runNode(
      `import { mountTmpfs, mountTmpfsSync } from 'linux-mount';
       import { statSync } from 'node:fs';
       const [root] = process.argv.slice(1);
       for (const [index, mask] of [0o022, 0o077, 0o000, 0o027].entries()) {
         process.umask(mask);
         for (const [form, mount] of [['async', mountTmpfs], ['sync', mountTmpfsSync]]) {
           await (await mount({ root, path: form + index + '/t', create: 'directory' })).unmount();
           console.log(form, (statSync(root + '/' + form + index).mode & 0o777).toString(8), process.umask().toString(8));
         }
       }`,
      { args: [root] },
    );
    const expected = ['755 22', '700 77', '755 0', '750 27'].flatMap((modes) => [`async ${modes}`, `sync ${modes}`]);
    expect({ stdout: stdout.trim().split('\n'), stderr }).toEqual({ stdout: expected, stderr: '' });
  });

  const failing: readonly (readonly [string, (place: Place, target: Target) => Promise<Mount>])[] = [
    ['a bind of a missing directory', (place, target) => mountBind(place.path('missing'), target)],
    [
      'a synchronous bind of a missing directory',
      async (place, target) => mountBindSync(place.path('missing'), target),
    ],
    ['a filesystem that does not exist', (_, target) => mountFilesystem('x', target, 'nonsense')],
    ['a tmpfs with an unknown parameter', (_, target) => mountTmpfs(target, { parameters: { nonsense: '1' } })],
    [
      'a synchronous tmpfs with an unknown parameter',
      async (_, target) => mountTmpfsSync(target, { parameters: { nonsense: '1' } }),
    ],
    ['an overlay with missing layers', (_, target) => mountOverlay({ lower: ['/missing/a', '/missing/b'], target })],
    ['a move of a directory that is no mount point', (place, target) => moveMount(place.directory('plain'), target)],
  ];

  test.for(failing)(
    'the option create removes the directories that it made when the mount fails: %s',
    async ([name, operation], { place, skip }) => {
      skip(name.includes('overlay') && lacksOverlay !== undefined, lacksOverlay);
      const root = place.directory('root', { kept: '' });
      place.directory('root/old');
      for (const create of ['directory', 'file', 'match'] as const) {
        const error = (await rejectionOf(operation(place, { root, path: 'old/new/deep/t', create }))) as MountError;
        expect(error.code).toMatch(/^(ENOENT|ENODEV|EINVAL|ENOTDIR)$/);
        // The reason must not name the target as missing, because the call has created the target.
        expect(error.reason).not.toContain(
          'does not exist, or is a symbolic link to a path that does not exist in the root',
        );
        expect(error.reason).not.toMatch(/the target \S+ (inside \S+ \S+ \S+ )?does not exist/);
        expect(readdirSync(root).sort()).toEqual(['kept', 'old']);
        expect(readdirSync(`${root}/old`)).toEqual([]);
      }
    },
  );

  test('the option create rejects with ENOTDIR when source and created target are of different kinds', async ({
    place,
  }) => {
    place.directory('source', { mark: '' });
    const root = place.directory('root');
    for (const [from, create] of [
      ['source', 'file'],
      ['source/mark', 'directory'],
    ] as const) {
      expect(await rejectionOf(mountBind(place.path(from), { root, path: 'new/t', create }))).toMatchObject({
        code: 'ENOTDIR',
      });
      expect(readdirSync(root)).toEqual([]);
    }
  });

  test.for(['directory', 'file', 'match'] as const)(
    'the option create rejects with ELOOP for a path through a link to a missing directory: %s',
    async (create, { place }) => {
      const root = place.directory('root');
      symlinkSync('missing', `${root}/dangling`);
      symlinkSync(place.path('not/there'), `${root}/out`);
      for (const path of ['dangling', 'dangling/t', 'out', 'out/t']) {
        const error = (await rejectionOf(mountBind(place.directory('source'), { root, path, create }))) as MountError;
        expect(error).toMatchObject({ code: 'ELOOP', step: 'make target' });
        expect(error.reason).toContain('leads through a symbolic link to a path that does not exist in the root');
        expect(readdirSync(root).sort()).toEqual(['dangling', 'out']);
        expect(existsSync(place.path('not'))).toBe(false);
      }
    },
  );

  test.for([
    ['missing/../t', "has '..' after a directory that does not exist yet"],
    ['file/t', 'leads through a file'],
    ['new/t/', 'a slash after the file to create'],
  ] as const)(
    'the option create rejects with ENOTDIR and makes nothing for an impossible path: %s',
    async ([path, reason], { place }) => {
      const root = place.directory('root', { file: '' });
      const source = place.file('source');
      const error = (await rejectionOf(mountBind(source, { root, path, create: 'match' }))) as MountError;
      expect(error).toMatchObject({ code: 'ENOTDIR', reason: expect.stringContaining(reason) });
      expect(readdirSync(root)).toEqual(['file']);
    },
  );

  test('the option create leaves an existing directory with its mode and its files, also when the mount fails', async ({
    place,
  }) => {
    const root = place.directory('root');
    place.directory('root/old', { kept: 'kept' });
    chmodSync(`${root}/old`, 0o700);
    await (await mountTmpfs({ root, path: 'old', create: 'directory' })).unmount();
    expect(statSync(`${root}/old`).mode & 0o777).toBe(0o700);
    await rejectionOf(mountTmpfs({ root, path: 'old', create: 'directory' }, { parameters: { nonsense: '1' } }));
    expect(readFileSync(`${root}/old/kept`, 'utf8')).toBe('kept');
  });

  test('a failing call with the option create removes no directory of a concurrent call', async ({ place }) => {
    const root = place.directory('root');
    for (let round = 0; round < 20; round += 1) {
      const path = (index: number) => ({ root, path: `${round}/deep/${index}`, create: 'directory' }) as const;
      const results = await Promise.allSettled(
        Array.from({ length: 16 }, (_, index) =>
          mountTmpfs(path(index), index % 2 === 0 ? {} : { parameters: { nonsense: '1' } }),
        ),
      );
      // A failing call may remove a directory between two steps of another call; the other call then makes the
      // directory again.
      for (const [index, result] of results.entries()) {
        expect(result.status).toBe(index % 2 === 0 ? 'fulfilled' : 'rejected');
        if (result.status === 'fulfilled') await result.value.unmount();
      }
      expect(readdirSync(`${root}/${round}/deep`).sort()).toEqual(['0', '10', '12', '14', '2', '4', '6', '8']);
    }
  });

  test('the option create is rejected by operations whose target must already be a mount point', async ({ place }) => {
    const root = place.directory('root');
    const target = { root, path: 'new', create: 'directory' } as const;
    for (const operation of [
      () => umount(target),
      () => setMountAttributes(target, { readonly: true }),
      () => setPropagation(target, 'private'),
      () => moveMount(target, place.root),
    ]) {
      expect(await rejectionOf(operation())).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    }
    expect(readdirSync(root)).toEqual([]);
  });
});

const changes = [
  ['setMountAttributes', async (target: Target) => setMountAttributes(target, { readonly: true })],
  ['setMountAttributesSync', async (target: Target) => setMountAttributesSync(target, { readonly: true })],
  ['setPropagation', async (target: Target) => setPropagation(target, 'unbindable')],
  ['setPropagationSync', async (target: Target) => setPropagationSync(target, 'unbindable')],
  ['umount', async (target: Target) => umount(target)],
  ['umountSync', async (target: Target) => umountSync(target)],
  ['umount, recursive', async (target: Target) => umount(target, { recursive: true })],
  ['umountSync, stack', async (target: Target) => umountSync(target, { stack: true })],
] as const;

describe.each(changes)('%s', (_name, change) => {
  const state = (path: string) => JSON.stringify(mountTable().filter(({ mountPoint }) => mountPoint === path));

  test('a change of a target in a root directory affects only the mount inside the root directory', async ({
    place,
  }) => {
    const root = rootWithLinks(place);
    for (const path of ['root/a/b', 'a/b', 'outside/b']) mountSync('x', place.path(path), 'tmpfs');
    const outside = ['a/b', 'outside/b'].map((path) => state(place.path(path)));
    const before = state(`${root}/a/b`);
    await change({ root, path: 'chain' });
    expect(state(`${root}/a/b`)).not.toBe(before);
    for (const path of ['out/b', 'a/out/b']) {
      expect(await rejectionOf(change({ root, path }))).toMatchObject({ code: 'ENOENT', step: 'open target' });
    }
    expect(['a/b', 'outside/b'].map((path) => state(place.path(path)))).toEqual(outside);
  });

  test('a change of a target in a root directory rejects with a reason when the target is no mount point', async ({
    place,
  }) => {
    const root = rootWithLinks(place);
    const error = (await rejectionOf(change({ root, path: 'a/b' }))) as MountError;
    expect(error).toMatchObject({ code: 'EINVAL' });
    expect(error.reason).toContain('is not a mount point');
    const gone = await rejectionOf(change({ root: place.path('nowhere'), path: 'a' }));
    expect(gone).toMatchObject({ code: 'ENOENT', step: 'open root' });
    expect((gone as MountError).reason).toContain(`the root '${place.path('nowhere')}' does not exist`);
    const file = await rejectionOf(change({ root: place.file('file'), path: 'a' }));
    expect(file).toMatchObject({ code: 'ENOTDIR', step: 'open root' });
  });
});

test('an operation with a wrong target in a root directory throws or rejects and creates nothing', async ({
  place,
}) => {
  const root = place.directory('root');
  for (const [target, code] of [
    [{ root }, 'ERR_INVALID_ARG_TYPE'],
    [{ path: 'a' }, 'ERR_INVALID_ARG_TYPE'],
    [{ root: '', path: 'a' }, 'ERR_INVALID_ARG_VALUE'],
    [{ root, path: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
    [{ root, path: 'a', create: 'dir' }, 'ERR_INVALID_ARG_VALUE'],
    [{ root, path: 'a', noXDev: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ root, path: 'a', noXdev: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [1, 'ERR_INVALID_ARG_TYPE'],
  ] as const) {
    expect(await rejectionOf(mountTmpfs(target as never))).toMatchObject({ code });
  }
  expect(readdirSync(root)).toEqual([]);
});

test.for<readonly [what: string, left: string, change: (root: string) => void]>([
  ['a directory that another process has used', 'theirs', (root) => writeFileSync(`${root}/new/theirs`, 'theirs')],
  [
    'a directory that another process has put at the target',
    't',
    (root) => {
      renameSync(`${root}/new/t`, `${root}/moved`);
      mkdirSync(`${root}/new/t`);
    },
  ],
])('the option create leaves %s when the mount fails', async ([_what, left, change], { place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  skip(lacks.fuse !== undefined, lacks.fuse);
  const root = place.directory('root');
  using hang = new Hang(place.directory('hang'));
  // The call makes the target first, and then hangs in the lookup of a layer.
  const lower = [`${hang.path}/one`, `${hang.path}/two`];
  const target = { root, path: 'new/t', create: 'directory' } as const;
  const failed = rejectionOf(mountOverlay({ lower, target, strategy: 'data' }));
  await until(() => existsSync(`${root}/new/t`));
  change(root);
  hang.end();
  expect(await failed).toBeInstanceOf(MountError);
  expect(readdirSync(`${root}/new`)).toEqual([left]);
});

const TREES = times(12, 3);

test('the emulation of openat2(2) leads to the same files and errors as the kernel, for random trees', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc
    .record({
      start: fc.constantFrom('', '/', '//', './'),
      names: fc.array(fc.constantFrom('a', 'b', 'c', 'a', 'b', '.', '..', 'missing'), { minLength: 1, maxLength: 5 }),
      end: fc.constantFrom('', '', '', '/', '/.', '//'),
    })
    .map(({ start, names, end }) => start + names.join('/') + end);
  const entry = fc.record({
    at: fc.array(name, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('directory', 'directory', 'file', 'link', 'link', 'mount'),
    text: path,
  });
  const query = fc.record({ path, noSymlinks: fc.boolean(), noXdev: fc.boolean() });
  const trees = fc.sample(
    fc.tuple(fc.array(entry, { minLength: 6, maxLength: 24 }), fc.array(query, { minLength: 60, maxLength: 60 })),
    TREES,
  );

  // This tree by hand contains every kind of entry and every kind of failure.
  const plain = { noSymlinks: false, noXdev: false };
  const known: (typeof trees)[number] = [
    [
      { at: ['a'], kind: 'directory', text: '' },
      { at: ['b'], kind: 'file', text: '' },
      { at: ['c'], kind: 'directory', text: '' },
      { at: ['c'], kind: 'mount', text: '' },
      { at: ['a', 'b'], kind: 'link', text: '/a' },
    ],
    [
      { ...plain, path: 'a/b/b/../c' },
      { ...plain, path: '/b' },
      { ...plain, path: '../a' },
      { ...plain, path: 'missing' },
      { ...plain, path: 'b/a' },
      { ...plain, path: 'a/b', noSymlinks: true },
      { ...plain, path: 'c', noXdev: true },
    ],
  ];
  const queries = [known, ...trees].flatMap(([entries, asked], index) => {
    const root = place.directory(`root${index}`);
    for (const { at, kind, text } of entries) {
      // No link may lead outside while the test makes the tree.
      const parents = at.slice(0, -1).map((_, depth) => `${root}/${at.slice(0, depth + 1).join('/')}`);
      const made = `${root}/${at.join('/')}`;
      if (!parents.every((parent) => lstatSync(parent, { throwIfNoEntry: false })?.isDirectory())) continue;
      const existing = lstatSync(made, { throwIfNoEntry: false });
      if (kind === 'mount' && existing?.isDirectory()) mountSync(`tree${index}`, made, 'tmpfs');
      if (existing !== undefined) continue;
      if (kind === 'file') writeFileSync(made, '');
      else if (kind === 'link') symlinkSync(text, made);
      else mkdirSync(made);
    }
    return asked.map((one) => ({ root, ...one }));
  });
  const file = place.file('source/file');
  writeFileSync(place.path('queries'), JSON.stringify(queries));
  // A bind shows where a path leads: a directory can be bound only on a directory, and a file only on a file.
  const script = `
    import { readFileSync } from 'node:fs';
    import { mountBindSync } from 'linux-mount';
    const [queries, directory, file] = process.argv.slice(1);
    const table = () => readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\\n').map((line) => line.split(' '));
    const before = new Set(table().map(([id]) => id));
    const lead = (query, source) => {
      const mount = mountBindSync(source, { ...query, allowEmulation: true });
      const [[, , , , point]] = table().filter(([id]) => !before.has(id));
      mount.unmountSync();
      return (source === file ? 'file ' : 'directory ') + point;
    };
    console.log(JSON.stringify(JSON.parse(readFileSync(queries, 'utf8')).map((query) => {
      for (const source of [directory, file]) {
        try { return lead(query, source); }
        catch ({ code, step }) { if (code !== 'ENOTDIR' || step.startsWith('open') || source === file) return code; }
      }
    })));`;
  const args = [place.path('queries'), place.path('source'), file];
  const answers: string[][] = [];
  for (const deny of [[], ['openat2=ENOSYS'], ['openat2=EPERM']]) {
    const { stdout, stderr } = await runNode(script, { args, deny });
    expect(stderr).toBe('');
    answers.push(JSON.parse(stdout));
  }
  const [kernel = [], ...emulated] = answers;
  const compared = (answer: readonly string[]) => queries.map((asked, index) => ({ ...asked, answer: answer[index] }));
  for (const answer of emulated) expect(compared(answer)).toEqual(compared(kernel));
  // Every kind of result must occur, or the comparison would prove nothing.
  for (const kind of ['file ', 'directory ', 'ENOENT', 'ELOOP', 'ENOTDIR', 'EXDEV']) {
    expect([kind, kernel.filter((answer) => answer.startsWith(kind)).length]).not.toEqual([kind, 0]);
  }
  expect(
    kernel.filter((answer) => answer.includes('/root')).every((answer) => answer.includes(`${place.root}/root`)),
  ).toBe(true);
});

describe('targets in a root directory on a kernel without openat2(2)', () => {
  const EACH = `
    import { readFileSync, readdirSync, mkdirSync } from 'node:fs';
    import * as library from 'linux-mount';
    const [place, emulate, ...kinds] = process.argv.slice(1);
    const root = place + '/root';
    const target = (path, more) => ({ root, path, ...(emulate === 'emulate' && { allowEmulation: true }), ...more });
    const lower = [place + '/top', place + '/base'];
    const points = () => readFileSync('/proc/self/mountinfo', 'latin1').split('\\n').map((line) => line.split(' ')[4]).filter((point) => point?.startsWith(root + '/'));
    const sync = (name) => async (...call) => library[name + 'Sync'](...call);
    const form = (name, isSync) => (isSync ? sync(name) : library[name]);
    const attach = (isSync) => async (at) => {
      const tree = await library.detachedBind(place + '/top');
      try { return isSync ? tree.attachSync(at) : await tree.attach(at); } finally { tree.closeSync(); }
    };
    const move = (isSync) => async (at) => {
      await library.mountTmpfs(place + '/movable');
      try { return await form('moveMount', isSync)(place + '/movable', at); }
      catch (error) { await library.umount(place + '/movable'); throw error; }
    };
    const operations = {
      bind: (isSync) => (at) => form('mountBind', isSync)(place + '/top', at, { readonly: true }),
      recursive: (isSync) => (at) => form('mountBind', isSync)(place + '/top', at, { readonly: true, recursive: true }),
      tmpfs: (isSync) => (at) => form('mountTmpfs', isSync)(at),
      ...(kinds.includes('overlay') && {
        data: (isSync) => (at) => form('mountOverlay', isSync)({ lower, target: at, strategy: 'data' }),
        descriptors: (isSync) => (at) => form('mountOverlay', isSync)({ lower, target: at, strategy: 'descriptors' }),
        overlay: (isSync) => (at) => form('mountOverlay', isSync)({ lower, target: at }),
      }),
      move,
      ...(kinds.includes('tree') && { attach }),
    };
    const report = {};
    const record = async (name, action) => {
      try { report[name] = await action(); }
      catch ({ code, reason, syscall }) { report[name] = [code, syscall, String(reason).includes('openat2(2), which keeps the target') && String(reason).includes('allowEmulation: true')]; }
    };
    for (const [name, operation] of Object.entries(operations)) {
      for (const isSync of [false, true]) {
        await record(name + isSync, async () => {
          const mount = await operation(isSync)(target('link/new', { create: 'match' }));
          const mounted = points();
          await form('setMountAttributes', isSync)(target('link/new'), { noExec: true });
          await form('setPropagation', isSync)(target('link/new'), 'private', { recursive: true });
          if (isSync) mount.unmountSync(); else await mount.unmount();
          return [...mounted, points().length];
        });
        await record('umount ' + name + isSync, async () => {
          await operation(isSync)(target('link/new', { create: 'match' }));
          await form('umount', isSync)(target('link/new'), isSync ? { recursive: true } : undefined);
          return points().length;
        });
      }
    }
    console.log(JSON.stringify(report));`;

  const run = async (place: Place, emulate: string, deny: readonly string[]) => {
    const kinds = [
      ...(lacks.treeCalls === undefined && deny.length === 1 ? ['tree'] : []),
      ...(lacksOverlay === undefined ? ['overlay'] : []),
    ];
    const { stdout, stderr } = await runNode(EACH, { args: [place.root, emulate, ...kinds], deny });
    expect(stderr).toBe('');
    return Object.entries(JSON.parse(stdout) as Record<string, unknown>);
  };

  const prepare = (place: Place) => {
    for (const name of ['top', 'base', 'movable', 'root/a/b', 'a/b']) place.directory(name);
    symlinkSync('/a/b', place.path('root/link'));
  };

  const older = ['open_tree=ENOSYS', 'move_mount=ENOSYS', 'fsopen=ENOSYS', 'mount_setattr=ENOSYS'];

  test.for([
    ['ENOSYS', []],
    ['EPERM', []],
    ['ENOSYS', older],
  ] as const)(
    'a target in a root directory needs openat2(2) or allowEmulation: %s, further denied calls: %s',
    async ([errno, more], { place, skip }) => {
      skip(lacks.deny !== undefined, lacks.deny);
      prepare(place);
      const deny = [`openat2=${errno}`, ...more];
      for (const [name, answer] of await run(place, '', deny)) {
        expect([name, answer]).toEqual([name, [errno, 'openat2', true]]);
      }
      expect(readdirSync(place.path('root/a/b'))).toEqual([]);
      for (const [name, answer] of await run(place, 'emulate', deny)) {
        expect([name, answer]).toEqual([name, name.startsWith('umount') ? 0 : [place.path('root/a/b/new'), 0]]);
      }
      expect(points(place)).toEqual([]);
    },
  );
});
