import { closeSync, openSync, statfsSync, writeFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { describe, expect } from 'vitest';
import {
  constants,
  type MountAttributes,
  MountError,
  mountBindSync,
  mountSync,
  type Propagation,
  type RemountOptions,
  remountFilesystem,
  remountFilesystemSync,
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
  type Target,
  umountSync,
} from '../../../lib/index.js';
import { loadAddon } from '../../../lib/kernel/addon/load.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { addonFile, lacks } from '../../support/environment.js';
import { type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

const { MS_NOSUID, MS_NODEV, MS_NOATIME, MS_STRICTATIME, MS_RDONLY } = constants;

const wordsAt = (path: string) => tableEntry(path)?.options.toSorted();
const wordsBelow = (path: string) =>
  mountTable()
    .filter(({ mountPoint }) => mountPoint === path || mountPoint.startsWith(`${path}/`))
    .map(({ options }) => options.toSorted().join());

const mountedAt = (place: Place, name: string, flags = 0, data: string | null = null): string => {
  const path = place.directory(name);
  mountSync(name.replace('/', ' '), path, 'tmpfs', flags, data);
  return path;
};

function treeIn(place: Place): string {
  const top = mountedAt(place, 'top', MS_NOSUID);
  mountedAt(place, 'top/one', MS_NODEV);
  mountedAt(place, 'top/one/two', MS_NOATIME);
  return top;
}

describe.each([
  [
    'setMountAttributesSync',
    async (...call: Parameters<typeof setMountAttributes>) => setMountAttributesSync(...call),
  ] as const,
  ['setMountAttributes', setMountAttributes] as const,
])('%s', (_, set) => {
  const failure = async (...call: unknown[]) =>
    rejectionOf((async () => set(...(call as Parameters<typeof setMountAttributes>)))());

  test.for<[string, number, MountAttributes, readonly string[]]>([
    ['sets', MS_NOSUID, { readonly: true, noExec: true }, ['noexec', 'nosuid', 'relatime', 'ro']],
    ['takes away', MS_NOSUID | MS_NODEV | MS_RDONLY, { readonly: false, noSuid: false }, ['nodev', 'relatime', 'rw']],
    ['sets and takes away', MS_NOSUID, { noSuid: false, noDev: true }, ['nodev', 'relatime', 'rw']],
    [
      'leaves out what is undefined',
      MS_NOSUID,
      { noSuid: undefined, noDev: true } as object,
      ['nodev', 'nosuid', 'relatime', 'rw'],
    ],
    [
      'noSymFollow, noDirAtime',
      0,
      { noSymFollow: true, noDirAtime: true },
      ['nodiratime', 'nosymfollow', 'relatime', 'rw'],
    ],
    ['noatime', 0, { atime: 'noatime' }, ['noatime', 'rw']],
    ['strictatime', 0, { atime: 'strictatime' }, ['rw']],
    ['relatime', MS_NOATIME, { atime: 'relatime' }, ['relatime', 'rw']],
    ['relatime after strictatime', MS_STRICTATIME, { atime: 'relatime' }, ['relatime', 'rw']],
    ['leaves noatime', MS_NOATIME, { noExec: true }, ['noatime', 'noexec', 'rw']],
    ['leaves strictatime', MS_STRICTATIME, { noExec: true }, ['noexec', 'rw']],
  ])('%s', async ([_name, flags, attributes, expected], { place }) => {
    const target = place.directory('t');
    const source = mountedAt(place, 'source', flags & ~MS_RDONLY);
    mountBindSync(source, target, { readonly: (flags & MS_RDONLY) !== 0 });
    const before = wordsAt(source);
    // mount_setattr(2) takes undefined and a key that is left out for the same.
    await set(target, attributes as MountAttributes);
    expect(wordsAt(target)).toEqual(expected);
    expect(wordsAt(source)).toEqual(before);
  });

  test('recursive changes all mounts below, and each keeps what else it has', async ({ place }) => {
    const top = treeIn(place);
    await set(top, { readonly: true }, { recursive: true });
    expect(wordsBelow(top)).toEqual(['nosuid,relatime,ro', 'nodev,relatime,ro', 'noatime,ro']);
    await set(top, { readonly: false, noSuid: false, atime: 'relatime' }, { recursive: true });
    expect(wordsBelow(top)).toEqual(['relatime,rw', 'nodev,relatime,rw', 'relatime,rw']);
  });

  test('without recursive nothing below is changed', async ({ place }) => {
    const top = treeIn(place);
    await set(top, { readonly: true });
    expect(wordsBelow(top)).toEqual(['nosuid,relatime,ro', 'nodev,relatime,rw', 'noatime,rw']);
  });

  test('recursive is all or nothing: one below is written to', async ({ place }) => {
    const top = treeIn(place);
    const before = wordsBelow(top);
    const file = openSync(`${top}/one/two/file`, 'w');
    try {
      const error = await failure(top, { readonly: true, noExec: true }, { recursive: true });
      expect(error).toMatchObject({
        code: 'EBUSY',
        path: top,
        reason: expect.stringMatching(/^the mount cannot become read-only while files are open for writing/),
      });
      expect(error).not.toHaveProperty('left');
      expect(wordsBelow(top)).toEqual(before);
      // What is not about writing can still be changed.
      await set(top, { noExec: true }, { recursive: true });
    } finally {
      closeSync(file);
    }
    await set(top, { readonly: true }, { recursive: true });
    expect(wordsBelow(top).every((words) => words.includes('noexec') && words.endsWith('ro'))).toBe(true);
  });

  interface Failing {
    readonly name: string;
    readonly target: string;
    readonly code: string;
    readonly reason: RegExp;
  }

  test.for<Failing>([
    {
      name: 'not a mount point',
      ...{ target: 'directory', code: 'EINVAL' },
      reason:
        /^the target '.*\/directory' is not a mount point and only a mount can be changed \(it is on the mount at/,
    },
    { name: 'missing', target: 'missing', code: 'ENOENT', reason: /^the target '.*\/missing' does not exist/ },
    { name: 'through a file', target: 'file/x', code: 'ENOTDIR', reason: /leads through a file/ },
  ])('fails and says why: $name', async ({ target, code, reason }, { place }) => {
    place.directory('directory');
    place.file('file');
    const before = mountTable();
    for (const options of [{}, { recursive: true }]) {
      const error = await failure(place.path(target), { readonly: true }, options);
      expect(error).toBeInstanceOf(MountError);
      expect(error).toMatchObject({ code, path: place.path(target), reason: expect.stringMatching(reason) });
    }
    expect(await failure('', { readonly: true })).toMatchObject({ code: 'ENOENT' });
    expect(mountTable()).toEqual(before);
  });

  test.for<[string, unknown[], string]>([
    ['no attributes', ['/t', {}], 'ERR_INVALID_ARG_VALUE'],
    ['attributes that are all undefined', ['/t', { readonly: undefined }], 'ERR_INVALID_ARG_VALUE'],
    ['an unknown attribute', ['/t', { readOnly: true }], 'ERR_INVALID_ARG_VALUE'],
    ['an attribute that is no boolean', ['/t', { readonly: 'no' }], 'ERR_INVALID_ARG_TYPE'],
    ['no object', ['/t', 'ro'], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['/t', { readonly: true }, { recurse: true }], 'ERR_INVALID_ARG_VALUE'],
    ['recursive that is no boolean', ['/t', { readonly: true }, { recursive: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ['no target', [undefined, { readonly: true }], 'ERR_INVALID_ARG_TYPE'],
    ['a NUL', ['/t\0', { readonly: true }], 'ERR_INVALID_ARG_VALUE'],
  ])('refuses %s', async ([_name, call, code]) => {
    expect(await failure(...call)).toMatchObject({ code });
  });
});

test('a change of an attribute without a mount(2) flag fails, with ENOSYS where mount_setattr(2) is missing', ({
  place,
}) => {
  const target = mountedAt(place, 't', 0);
  const MOUNT_ATTR_IDMAP = 0x10_0000;
  const addon = loadAddon(addonFile, '') as unknown as Record<string, (...values: unknown[]) => { error: number }>;
  const outcome = addon['changeSync']?.(null, target, null, 0, 0, MOUNT_ATTR_IDMAP, 0, 0, false, null, null);
  // mount_setattr(2) needs a user namespace for MOUNT_ATTR_IDMAP: EINVAL.
  expect(outcome?.error).toBe(lacks.setattr === undefined ? os.errno.EINVAL : os.errno.ENOSYS);
  expect(wordsAt(target)).toEqual(['relatime', 'rw']);
});

const IN_USER_NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', '--propagation', 'private', '--'];

const changeScript = `
  import { readFileSync } from 'node:fs';
  import { setMountAttributes, setMountAttributesSync } from 'linux-mount';
  const [target, attributes, options] = process.argv.slice(1);
  const words = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\\n')
    .filter((line) => line.split(' ')[4]?.startsWith(target)).map((line) => line.split(' ')[5]);
  const before = words().join(' ');
  for (const form of [setMountAttributesSync, setMountAttributes]) {
    try { await form(target, JSON.parse(attributes), JSON.parse(options)); console.log(JSON.stringify({ words: words() })); }
    catch ({ code, reason, left }) { console.log(JSON.stringify({ code, reason, left, isUnchanged: words().join(' ') === before })); }
  }`;

const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each([
  ['as it is', []],
  ['without mount_setattr', ['mount_setattr=ENOSYS']],
] as const)('in a user namespace, %s', (_name, deny) => {
  test('what is locked cannot be taken away, and only that is named', async ({ place, skip }) => {
    skip(lacks.userNamespace !== undefined, lacks.userNamespace);
    skip(lacks.deny !== undefined, lacks.deny);
    const target = mountedAt(place, 't', MS_NOSUID | MS_NODEV);
    const { stdout, stderr } = await runNode(changeScript, {
      args: [target, JSON.stringify({ noSuid: false, noExec: true }), '{}'],
      deny,
      wrapper: IN_USER_NAMESPACE,
    });
    expect(stderr).toBe('');
    const error = {
      code: 'EPERM',
      isUnchanged: true,
      reason: expect.stringMatching(/^this would take nosuid from the mount, and in a user namespace/),
    };
    expect(linesOf(stdout)).toEqual([error, error]);
  });

  test('one of a tree that is locked stops all, and they stay as they were', async ({ place, skip }) => {
    skip(lacks.userNamespace !== undefined, lacks.userNamespace);
    skip(lacks.deny !== undefined, lacks.deny);
    const top = mountedAt(place, 'top');
    mountedAt(place, 'top/one');
    mountedAt(place, 'top/one/two', MS_NODEV);
    const { stdout, stderr } = await runNode(changeScript, {
      args: [top, JSON.stringify({ noDev: false, noExec: true }), '{"recursive":true}'],
      deny,
      wrapper: IN_USER_NAMESPACE,
    });
    expect(stderr).toBe('');
    const error = {
      code: 'EPERM',
      isUnchanged: true,
      reason: expect.stringMatching(/^this would take nodev from the mount/),
    };
    expect(linesOf(stdout)).toEqual([error, error]);
  });
});

test('without mount_setattr a mount that is hidden stops all, and they stay as they were', async ({ place, skip }) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const top = mountedAt(place, 'top');
  mountedAt(place, 'top/one');
  mountSync('above', `${top}/one`, 'tmpfs');
  const { stdout, stderr } = await runNode(changeScript, {
    args: [top, '{"readonly":true}', '{"recursive":true}'],
    deny: ['mount_setattr=ENOSYS'],
  });
  expect(stderr).toBe('');
  const error = { code: 'EBUSY', isUnchanged: true, reason: expect.stringMatching(/is hidden by another/) };
  expect(linesOf(stdout)).toEqual([error, error]);
});

test('both ways give the same attributes', async ({ place, skip }) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const results = [];
  for (const deny of [[], ['mount_setattr=ENOSYS'], ['mount_setattr=EPERM', 'open_tree=EPERM']]) {
    const top = treeIn(place);
    const { stdout, stderr } = await runNode(changeScript, {
      args: [top, JSON.stringify({ readonly: true, noSuid: false, atime: 'strictatime' }), '{"recursive":true}'],
      deny,
    });
    expect(stderr).toBe('');
    results.push(linesOf(stdout));
    umountSync(top, constants.MNT_DETACH);
  }
  const words = ['ro', 'ro,nodev', 'ro'];
  expect(results[0]).toEqual([{ words }, { words }]);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('without privilege they say that', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const target = mountedAt(place, 't');
  const { stdout, stderr } = await runNode(
    `import * as all from 'linux-mount';
     const target = process.argv[1];
     for (const call of [
       () => all.setMountAttributes(target, { readonly: true }),
       () => all.setPropagation(target, 'shared'),
       () => all.remountFilesystem(target, { parameters: { size: 4096 } }),
       async () => all.setMountAttributesSync(target, { readonly: true }),
       async () => all.setPropagationSync(target, 'shared'),
       async () => all.remountFilesystemSync(target, { readonly: true }),
     ]) try { await call(); } catch ({ code, reason }) { console.log(code, reason); }`,
    { args: [target], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(EPERM this process lacks CAP_SYS_ADMIN: .*\n){6}$/);
});

describe.each([
  ['setPropagationSync', async (...call: Parameters<typeof setPropagation>) => setPropagationSync(...call)] as const,
  ['setPropagation', setPropagation] as const,
])('%s', (_, set) => {
  const failure = async (...call: unknown[]) =>
    rejectionOf((async () => set(...(call as Parameters<typeof setPropagation>)))());
  const below = (path: string) =>
    mountTable()
      .filter(({ mountPoint }) => mountPoint.startsWith(path))
      .map(({ propagation }) => propagation.replace(/\d+/, 'N'));

  test.for<[Propagation, readonly Propagation[], string]>([
    ['shared', [], 'shared:N'],
    ['private', ['shared'], ''],
    ['unbindable', ['shared'], 'unbindable'],
    ['private', ['unbindable'], ''],
    // A slave of nobody is private.
    ['slave', [], ''],
  ])('%s after %j', async ([propagation, before, expected], { place }) => {
    const top = treeIn(place);
    for (const each of before) setPropagationSync(top, each);
    await set(top, propagation);
    expect(below(top)).toEqual([expected, '', '']);
    for (const each of before) setPropagationSync(top, each, { recursive: true });
    await set(top, propagation, { recursive: true });
    expect(below(top)).toEqual([expected, expected, expected]);
    await set(top, 'private', { recursive: true });
  });

  test('a slave receives from its master, which receives nothing', async ({ place }) => {
    const master = mountedAt(place, 'master');
    place.directory('master/one');
    place.directory('master/two');
    await set(master, 'shared');
    const slave = place.directory('slave');
    mountBindSync(master, slave);
    await set(slave, 'slave');
    expect(tableEntry(slave)?.propagation).toMatch(/^master:\d+$/);
    mountSync('from the master', `${master}/one`, 'tmpfs');
    mountSync('from the slave', `${slave}/two`, 'tmpfs');
    expect(tableEntry(`${slave}/one`)?.source).toBe('from\\040the\\040master');
    expect(tableEntry(`${master}/two`)).toBeUndefined();
  });

  test('fails and says why', async ({ place }) => {
    expect(await failure(place.directory('d'), 'shared')).toMatchObject({
      code: 'EINVAL',
      reason: expect.stringMatching(/^the target '.*\/d' is not a mount point and only a mount can be changed/),
    });
    expect(await failure(place.path('missing'), 'shared')).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/does not exist/),
    });
  });

  test.for<[string, unknown[], string]>([
    ['a word that is not known', ['/t', 'rshared'], 'ERR_INVALID_ARG_VALUE'],
    ['no word', ['/t', undefined], 'ERR_INVALID_ARG_VALUE'],
    ['a number', ['/t', 1 << 20], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['/t', 'shared', { rec: true }], 'ERR_INVALID_ARG_VALUE'],
  ])('refuses %s', async ([_name, call, code]) => {
    expect(await failure(...call)).toMatchObject({ code });
  });
});

describe.each([
  [
    'remountFilesystemSync',
    async (...call: Parameters<typeof remountFilesystem>) => remountFilesystemSync(...call),
  ] as const,
  ['remountFilesystem', remountFilesystem] as const,
])('%s', (_, remount) => {
  const failure = async (target: unknown, options?: unknown) =>
    rejectionOf((async () => remount(target as Target, options as RemountOptions))());
  const sizeOf = (path: string) => {
    const { blocks, bsize } = statfsSync(path);
    return blocks * bsize;
  };

  test('changes the size of a tmpfs, and nothing else', async ({ place }) => {
    const target = mountedAt(place, 't', MS_NOSUID | MS_NOATIME, 'size=1m,nr_inodes=77,mode=700');
    const before = tableEntry(target);
    await remount(target, { parameters: { size: '2m' } });
    expect(sizeOf(target)).toBe(2 * 2 ** 20);
    const after = tableEntry(target);
    expect(after?.options).toEqual(before?.options);
    expect(after?.superOptions).toBe(before?.superOptions.replace('size=1024k', 'size=2048k'));
    expect(statfsSync(target).files).toBe(77);
  });

  test('readonly is that of the filesystem, through whichever mount', async ({ place }) => {
    const target = mountedAt(place, 't', MS_NODEV);
    const other = place.directory('other');
    mountBindSync(target, other);
    await remount(target, { readonly: true });
    for (const path of [target, other]) {
      expect(() => writeFileSync(`${path}/x`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
      // The mounts themselves are as they were.
      expect(wordsAt(path)).toEqual(['nodev', 'relatime', 'rw']);
    }
    await remount(target, { parameters: { size: '1m' } });
    expect(tableEntry(target)?.superOptions).toMatch(/^ro,/);
    await remount(other, { readonly: false });
    writeFileSync(`${target}/x`, '');
  });

  test('a mount that is read-only stays so when its filesystem becomes writable', async ({ place }) => {
    const source = mountedAt(place, 'source');
    const target = place.directory('t');
    mountBindSync(source, target, { readonly: true, noExec: true });
    await remount(target, { readonly: true });
    expect(tableEntry(source)?.superOptions).toMatch(/^ro/);
    await remount(target, { readonly: false });
    await remount(target, { parameters: { size: '1m' } });
    expect(wordsAt(target)).toEqual(['noexec', 'relatime', 'ro']);
    expect(() => writeFileSync(`${target}/x`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    writeFileSync(`${source}/x`, '');
    expect(sizeOf(target)).toBe(2 ** 20);
  });

  test('EBUSY while a file is open for writing', async ({ place }) => {
    const target = mountedAt(place, 't');
    const file = openSync(`${target}/open`, 'w');
    try {
      expect(await failure(target, { readonly: true })).toMatchObject({
        code: 'EBUSY',
        path: target,
        reason: expect.stringMatching(/^the filesystem cannot become read-only while it is written to/),
      });
      expect(tableEntry(target)?.superOptions).toMatch(/^rw/);
    } finally {
      closeSync(file);
    }
    await remount(target, { readonly: true });
  });

  test.for<[string, (place: Place) => string, RemountOptions, string, RegExp]>([
    ['not a mount point', (place) => place.directory('d'), { readonly: true }, 'EINVAL', /is not a mount point/],
    ['missing', (place) => place.path('d'), { readonly: true }, 'ENOENT', /does not exist/],
    ['an empty path', () => '', { readonly: true }, 'ENOENT', /does not exist/],
    [
      'a parameter that is not known',
      (place) => mountedAt(place, 't'),
      { parameters: { nonsense: 'hush' } },
      'EINVAL',
      /Unknown parameter 'nonsense'|does not take its option data/,
    ],
    [
      'a value that is wrong',
      (place) => mountedAt(place, 't'),
      { parameters: { size: 'hush' } },
      'EINVAL',
      /Bad value for 'size'|does not take its option data/,
    ],
    [
      'what cannot change',
      (place) => mountedAt(place, 't'),
      { parameters: { noswap: true, nr_inodes: 0 } },
      'EINVAL',
      /noswap|No limit|does not take its option data|kernel says/,
    ],
  ])('fails and says why: %s', async ([_name, set, options, code, reason], { place }) => {
    const target = set(place);
    const before = mountTable();
    const error = await failure(target, options);
    expect(error).toMatchObject({ code, reason: expect.stringMatching(reason) });
    expect((error as Error).message).not.toContain('hush');
    expect(mountTable()).toEqual(before);
  });

  test.for<[string, unknown, unknown, string]>([
    ['no options', '/t', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['options that change nothing', '/t', {}, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown option', '/t', { size: '1m' }, 'ERR_INVALID_ARG_VALUE'],
    ['readonly that is no boolean', '/t', { readonly: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['parameters in a list', '/t', { parameters: ['size=1m'] }, 'ERR_INVALID_ARG_TYPE'],
    ['no target', undefined, { readonly: true }, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %s', async ([_name, target, options, code]) => {
    expect(await failure(target, options)).toMatchObject({ code });
  });
});

describe('where fspick or fsconfig is denied', () => {
  test.for(['fspick=ENOSYS', 'fspick=EPERM', 'fsconfig=ENOSYS', 'fsconfig=EPERM'])(
    '%s',
    async (deny, { place, skip }) => {
      skip(lacks.deny !== undefined, lacks.deny);
      const source = mountedAt(place, 'source');
      const target = place.directory('t');
      mountBindSync(source, target, { readonly: true });
      const { stdout, stderr } = await runNode(
        `import { readdirSync, readFileSync } from 'node:fs';
       import { remountFilesystem, remountFilesystemSync } from 'linux-mount';
       const namespace = () => readdirSync('/proc/self/task').flatMap((thread) => {
         try { return readFileSync('/proc/self/task/' + thread + '/mountinfo').length; }
         catch { return []; } // it has just ended
       });
       process.chdir(process.argv[1]);
       await remountFilesystem('t', { readonly: true, parameters: { size: '1m' } });
       remountFilesystemSync('t', { parameters: { size: '3m' }, readonly: false });
       try { remountFilesystemSync('t', { parameters: { mpol: 'bind:0,0' } }); }
       catch ({ code, reason }) { console.log(code, reason); }
       // Whoever went elsewhere for it is gone.
       await new Promise((resolve) => setTimeout(resolve, 100));
       console.log(new Set(namespace()).size);`,
        { args: [place.root], deny: [deny] },
      );
      expect(stderr).toBe('');
      const [refused, namespaces] = stdout.split('\n');
      // A value with a comma is no part of an option string.
      expect(refused).toMatch(/^ENOSYS fs(pick|config)\(2\) is missing here|^EPERM /);
      expect(namespaces).toBe('1');
      expect(tableEntry(source)?.superOptions).toMatch(/^rw,.*size=3072k/);
      expect(wordsAt(target)).toContain('ro');
    },
  );
});
