// Tests setMountAttributes(), setPropagation() and remountFilesystem() and their synchronous forms.
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
import { inUserNamespace, runNode, withoutPrivilege } from '../../support/child.js';
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
    ['set attributes are added', MS_NOSUID, { readonly: true, noExec: true }, ['noexec', 'nosuid', 'relatime', 'ro']],
    [
      'attributes that are false are removed',
      MS_NOSUID | MS_NODEV | MS_RDONLY,
      { readonly: false, noSuid: false },
      ['nodev', 'relatime', 'rw'],
    ],
    [
      'attributes are set and removed in one call',
      MS_NOSUID,
      { noSuid: false, noDev: true },
      ['nodev', 'relatime', 'rw'],
    ],
    [
      'undefined attributes change nothing',
      MS_NOSUID,
      { noSuid: undefined, noDev: true } as object,
      ['nodev', 'nosuid', 'relatime', 'rw'],
    ],
    [
      'noSymFollow and noDirAtime are set',
      0,
      { noSymFollow: true, noDirAtime: true },
      ['nodiratime', 'nosymfollow', 'relatime', 'rw'],
    ],
    ['noatime is set', 0, { atime: 'noatime' }, ['noatime', 'rw']],
    ['strictatime is set', 0, { atime: 'strictatime' }, ['rw']],
    ['relatime replaces noatime', MS_NOATIME, { atime: 'relatime' }, ['relatime', 'rw']],
    ['relatime replaces strictatime', MS_STRICTATIME, { atime: 'relatime' }, ['relatime', 'rw']],
    ['noatime stays when atime is not given', MS_NOATIME, { noExec: true }, ['noatime', 'noexec', 'rw']],
    ['strictatime stays when atime is not given', MS_STRICTATIME, { noExec: true }, ['noexec', 'rw']],
  ])(
    'setMountAttributes changes one mount and leaves its source mount as it was: %s',
    async ([_name, flags, attributes, expected], { place }) => {
      const target = place.directory('t');
      const source = mountedAt(place, 'source', flags & ~MS_RDONLY);
      mountBindSync(source, target, { readonly: (flags & MS_RDONLY) !== 0 });
      const before = wordsAt(source);
      // Passing `undefined` and leaving the key out have the same effect.
      await set(target, attributes as MountAttributes);
      expect(wordsAt(target)).toEqual(expected);
      expect(wordsAt(source)).toEqual(before);
    },
  );

  test('setMountAttributes with recursive changes every mount below, and each keeps its other attributes', async ({
    place,
  }) => {
    const top = treeIn(place);
    await set(top, { readonly: true }, { recursive: true });
    expect(wordsBelow(top)).toEqual(['nosuid,relatime,ro', 'nodev,relatime,ro', 'noatime,ro']);
    await set(top, { readonly: false, noSuid: false, atime: 'relatime' }, { recursive: true });
    expect(wordsBelow(top)).toEqual(['relatime,rw', 'nodev,relatime,rw', 'relatime,rw']);
  });

  test('setMountAttributes without recursive changes no mount below', async ({ place }) => {
    const top = treeIn(place);
    await set(top, { readonly: true });
    expect(wordsBelow(top)).toEqual(['nosuid,relatime,ro', 'nodev,relatime,rw', 'noatime,rw']);
  });

  test('setMountAttributes with recursive changes no mount when one mount below is written to', async ({ place }) => {
    const top = treeIn(place);
    const before = wordsBelow(top);
    const file = openSync(`${top}/one/two/file`, 'w');
    try {
      const error = await failure(top, { readonly: true, noExec: true }, { recursive: true });
      expect(error).toMatchObject({
        code: 'EBUSY',
        path: top,
        reason: expect.stringMatching(/^the mount cannot become read-only while a process has a file open for writing/),
      });
      expect(error).not.toHaveProperty('left');
      expect(wordsBelow(top)).toEqual(before);
      // An attribute that does not concern writing can be changed while files are open for writing.
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
      name: 'the target is not a mount point',
      ...{ target: 'directory', code: 'EINVAL' },
      reason:
        /^the target '.*\/directory' is not a mount point but a path on the mount at .* only a mount can be changed/,
    },
    {
      name: 'the target is missing',
      target: 'missing',
      code: 'ENOENT',
      reason: /^the target '.*\/missing' does not exist/,
    },
    {
      name: 'the path of the target leads through a file',
      target: 'file/x',
      code: 'ENOTDIR',
      reason: /leads through a file/,
    },
  ])(
    'setMountAttributes rejects with a reason that names the cause, and changes nothing: $name',
    async ({ target, code, reason }, { place }) => {
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
    },
  );

  test.for<[string, unknown[], string]>([
    ['no attributes', ['/t', {}], 'ERR_INVALID_ARG_VALUE'],
    ['attributes that are all undefined', ['/t', { readonly: undefined }], 'ERR_INVALID_ARG_VALUE'],
    ['an unknown attribute name', ['/t', { readOnly: true }], 'ERR_INVALID_ARG_VALUE'],
    ['an attribute that is not a boolean', ['/t', { readonly: 'no' }], 'ERR_INVALID_ARG_TYPE'],
    ['attributes that are not an object', ['/t', 'ro'], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['/t', { readonly: true }, { recurse: true }], 'ERR_INVALID_ARG_VALUE'],
    ['an option recursive that is not a boolean', ['/t', { readonly: true }, { recursive: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ['a missing target', [undefined, { readonly: true }], 'ERR_INVALID_ARG_TYPE'],
    ['a target with a NUL byte', ['/t\0', { readonly: true }], 'ERR_INVALID_ARG_VALUE'],
  ])(
    'setMountAttributes throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_name, call, code]) => {
      expect(await failure(...call)).toMatchObject({ code });
    },
  );
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
  ['with mount_setattr', []],
  ['without mount_setattr', ['mount_setattr=ENOSYS']],
] as const)('setMountAttributes in a user namespace, %s', (_name, deny) => {
  test('setMountAttributes rejects with EPERM and names only the locked attribute that it cannot remove', async ({
    place,
    skip,
  }) => {
    skip(lacks.userNamespace !== undefined, lacks.userNamespace);
    skip(lacks.deny !== undefined, lacks.deny);
    const target = mountedAt(place, 't', MS_NOSUID | MS_NODEV);
    const { stdout, stderr } = await runNode(changeScript, {
      args: [target, JSON.stringify({ noSuid: false, noExec: true }), '{}'],
      deny,
      wrapper: inUserNamespace,
    });
    expect(stderr).toBe('');
    const error = {
      code: 'EPERM',
      isUnchanged: true,
      reason: expect.stringMatching(/^the call clears nosuid of the mount, which this user namespace may not clear/),
    };
    expect(linesOf(stdout)).toEqual([error, error]);
  });

  test('setMountAttributes with recursive changes no mount when one mount of the tree has a locked attribute', async ({
    place,
    skip,
  }) => {
    skip(lacks.userNamespace !== undefined, lacks.userNamespace);
    skip(lacks.deny !== undefined, lacks.deny);
    const top = mountedAt(place, 'top');
    mountedAt(place, 'top/one');
    mountedAt(place, 'top/one/two', MS_NODEV);
    const { stdout, stderr } = await runNode(changeScript, {
      args: [top, JSON.stringify({ noDev: false, noExec: true }), '{"recursive":true}'],
      deny,
      wrapper: inUserNamespace,
    });
    expect(stderr).toBe('');
    const error = {
      code: 'EPERM',
      isUnchanged: true,
      reason: expect.stringMatching(/^the call clears nodev of the mount/),
    };
    expect(linesOf(stdout)).toEqual([error, error]);
  });
});

test('setMountAttributes without mount_setattr(2) changes no mount when one mount hides another', async ({
  place,
  skip,
}) => {
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

test('setMountAttributes gives the same attributes with and without mount_setattr(2) and open_tree(2)', async ({
  place,
  skip,
}) => {
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

test('setMountAttributes, setPropagation and remountFilesystem reject with EPERM without CAP_SYS_ADMIN', async ({
  place,
  skip,
}) => {
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
    // A mount in no peer group has no master, so the kernel makes it private.
    ['slave', [], ''],
  ])(
    'setPropagation changes one mount, and with recursive the whole tree: to %s after %j',
    async ([propagation, before, expected], { place }) => {
      const top = treeIn(place);
      for (const each of before) setPropagationSync(top, each);
      await set(top, propagation);
      expect(below(top)).toEqual([expected, '', '']);
      for (const each of before) setPropagationSync(top, each, { recursive: true });
      await set(top, propagation, { recursive: true });
      expect(below(top)).toEqual([expected, expected, expected]);
      await set(top, 'private', { recursive: true });
    },
  );

  test('a slave mount receives mounts from its master, and the master receives none from the slave', async ({
    place,
  }) => {
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

  test('setPropagation rejects with a reason when the target is missing or is not a mount point', async ({ place }) => {
    expect(await failure(place.directory('d'), 'shared')).toMatchObject({
      code: 'EINVAL',
      reason: expect.stringMatching(
        /^the target '.*\/d' is not a mount point but a path on .* only a mount can be changed/,
      ),
    });
    expect(await failure(place.path('missing'), 'shared')).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/does not exist/),
    });
  });

  test.for<[string, unknown[], string]>([
    ['an unknown propagation', ['/t', 'rshared'], 'ERR_INVALID_ARG_VALUE'],
    ['a missing propagation', ['/t', undefined], 'ERR_INVALID_ARG_VALUE'],
    ['a propagation that is a number', ['/t', 1 << 20], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', ['/t', 'shared', { rec: true }], 'ERR_INVALID_ARG_VALUE'],
  ])('setPropagation throws or rejects with an ERR_* code for a wrong argument: %s', async ([_name, call, code]) => {
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

  test('remountFilesystem changes the size of a tmpfs and keeps every other parameter and attribute', async ({
    place,
  }) => {
    const target = mountedAt(place, 't', MS_NOSUID | MS_NOATIME, 'size=1m,nr_inodes=77,mode=700');
    const before = tableEntry(target);
    await remount(target, { parameters: { size: '2m' } });
    expect(sizeOf(target)).toBe(2 * 2 ** 20);
    const after = tableEntry(target);
    expect(after?.options).toEqual(before?.options);
    expect(after?.superOptions).toBe(before?.superOptions.replace('size=1024k', 'size=2048k'));
    expect(statfsSync(target).files).toBe(77);
  });

  test('remountFilesystem with readonly makes the filesystem read-only through each of its mounts', async ({
    place,
  }) => {
    const target = mountedAt(place, 't', MS_NODEV);
    const other = place.directory('other');
    mountBindSync(target, other);
    await remount(target, { readonly: true });
    for (const path of [target, other]) {
      expect(() => writeFileSync(`${path}/x`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
      // The attributes of the mounts themselves do not change.
      expect(wordsAt(path)).toEqual(['nodev', 'relatime', 'rw']);
    }
    await remount(target, { parameters: { size: '1m' } });
    expect(tableEntry(target)?.superOptions).toMatch(/^ro,/);
    await remount(other, { readonly: false });
    writeFileSync(`${target}/x`, '');
  });

  test('a read-only mount stays read-only after remountFilesystem makes its filesystem writable', async ({ place }) => {
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

  test('remountFilesystem with readonly rejects with EBUSY while a file is open for writing', async ({ place }) => {
    const target = mountedAt(place, 't');
    const file = openSync(`${target}/open`, 'w');
    try {
      expect(await failure(target, { readonly: true })).toMatchObject({
        code: 'EBUSY',
        path: target,
        reason: expect.stringMatching(
          /^the filesystem cannot become read-only while a process has a file on it open for writing/,
        ),
      });
      expect(tableEntry(target)?.superOptions).toMatch(/^rw/);
    } finally {
      closeSync(file);
    }
    await remount(target, { readonly: true });
  });

  test.for<[string, (place: Place) => string, RemountOptions, string, RegExp]>([
    [
      'the target is not a mount point',
      (place) => place.directory('d'),
      { readonly: true },
      'EINVAL',
      /is not a mount point/,
    ],
    ['the target is missing', (place) => place.path('d'), { readonly: true }, 'ENOENT', /does not exist/],
    ['the target is an empty path', () => '', { readonly: true }, 'ENOENT', /does not exist/],
    [
      'a parameter is unknown',
      (place) => mountedAt(place, 't'),
      { parameters: { nonsense: 'hush' } },
      'EINVAL',
      /Unknown parameter 'nonsense'|probably refuses its option data/,
    ],
    [
      'the value of a parameter is wrong',
      (place) => mountedAt(place, 't'),
      { parameters: { size: 'hush' } },
      'EINVAL',
      /Bad value for 'size'|probably refuses its option data/,
    ],
    [
      'a parameter cannot change after the mount',
      (place) => mountedAt(place, 't'),
      { parameters: { noswap: true, nr_inodes: 0 } },
      'EINVAL',
      /noswap|No limit|probably refuses its option data|kernel reports/,
    ],
  ])(
    'remountFilesystem rejects with a reason that names the cause, hides the values and changes nothing: %s',
    async ([_name, set, options, code, reason], { place }) => {
      const target = set(place);
      const before = mountTable();
      const error = await failure(target, options);
      expect(error).toMatchObject({ code, reason: expect.stringMatching(reason) });
      expect((error as Error).message).not.toContain('hush');
      expect(mountTable()).toEqual(before);
    },
  );

  test.for<[string, unknown, unknown, string]>([
    ['missing options', '/t', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['options that change nothing', '/t', {}, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown option', '/t', { size: '1m' }, 'ERR_INVALID_ARG_VALUE'],
    ['an option readonly that is not a boolean', '/t', { readonly: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['parameters that are an array', '/t', { parameters: ['size=1m'] }, 'ERR_INVALID_ARG_TYPE'],
    ['a missing target', undefined, { readonly: true }, 'ERR_INVALID_ARG_TYPE'],
  ])(
    'remountFilesystem throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_name, target, options, code]) => {
      expect(await failure(target, options)).toMatchObject({ code });
    },
  );
});

describe('remountFilesystem without fspick(2) or fsconfig(2)', () => {
  test.for(['fspick=ENOSYS', 'fspick=EPERM', 'fsconfig=ENOSYS', 'fsconfig=EPERM'])(
    'remountFilesystem falls back to mount(2) and leaves no thread in another mount namespace: %s',
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
         catch { return []; } // The thread has just ended.
       });
       process.chdir(process.argv[1]);
       await remountFilesystem('t', { readonly: true, parameters: { size: '1m' } });
       remountFilesystemSync('t', { parameters: { size: '3m' }, readonly: false });
       try { remountFilesystemSync('t', { parameters: { mpol: 'bind:0,0' } }); }
       catch ({ code, reason }) { console.log(code, reason); }
       // The thread that entered another mount namespace ends within this time.
       await new Promise((resolve) => setTimeout(resolve, 100));
       console.log(new Set(namespace()).size);`,
        { args: [place.root], deny: [deny] },
      );
      expect(stderr).toBe('');
      const [refused, namespaces] = stdout.split('\n');
      // An option string separates parameters with commas, so a value that contains a comma needs fsconfig(2).
      expect(refused).toMatch(/^ENOSYS fs(pick|config)\(2\) is missing in this kernel or sandbox|^EPERM /);
      expect(namespaces).toBe('1');
      expect(tableEntry(source)?.superOptions).toMatch(/^rw,.*size=3072k/);
      expect(wordsAt(target)).toContain('ro');
    },
  );
});
