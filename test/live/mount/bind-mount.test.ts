// Tests mountBind() and mountBindSync(): attributes, propagation, recursion, failures and the read-only guarantee.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, vi } from 'vitest';
import {
  type BindOptions,
  constants,
  MountError,
  mountBind,
  mountBindSync,
  mountSync,
  type PathLike,
  type Propagation,
  setPropagationSync,
  type Target,
  umountSync,
} from '../../../lib/index.js';
import { inUserNamespace, nodeCommand, runNode, withoutPrivilege } from '../../support/child.js';
import { inEveryPass, patience, times } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { must, rejectionOf } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

const { MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_STRICTATIME, MNT_DETACH } = constants;

const forms = [
  ['mountBindSync', async (...call: Parameters<typeof mountBind>) => mountBindSync(...call)],
  ['mountBind', mountBind],
] as const;

const strategy = lacks.treeCalls === undefined ? 'tree' : 'remount';

/** The options of the topmost mount at a path in the mount table, sorted. */
const wordsAt = (path: string) => tableEntry(path)?.options.toSorted();

/** Mounts a tmpfs with `count` mounts below it, at depths of one to three directories. */
function treeIn(place: Place, count = 3): string {
  const source = place.directory('tree');
  mountSync('tree', source, 'tmpfs', MS_NOSUID);
  for (let index = 0; index < count; index += 1) {
    const below = `${source}/${'down/'.repeat(index % 3)}${index}`;
    mkdirSync(below, { recursive: true });
    mountSync(`below ${index}`, below, 'tmpfs', index % 2 === 0 ? MS_NODEV : 0);
  }
  return source;
}

/** Every mount at or below a path. */
const mountsBelow = (path: string) =>
  mountTable().filter(({ mountPoint }) => mountPoint === path || mountPoint.startsWith(`${path}/`));

describe.each(forms)('%s', (_, bind) => {
  const failure = async (source: unknown, target: unknown, options?: unknown) =>
    rejectionOf((async () => bind(source as PathLike, target as Target, options as BindOptions))());

  test('mountBind binds a directory and gives a handle that unmounts the bind', async ({ place }) => {
    const source = place.directory('source', { file: 'content' });
    const target = place.directory('target');
    const mount = await bind(source, target);
    expect(mount).toMatchObject({ target, strategy, reused: false });
    expect(readFileSync(`${target}/file`, 'utf8')).toBe('content');
    writeFileSync(`${target}/new`, '');
    expect(readdirSync(source)).toEqual(['file', 'new']);
    await mount.unmount();
    expect(readdirSync(target)).toEqual([]);
  });

  test('mountBind with readonly binds a file read-only over a file', async ({ place }) => {
    const [source, target] = [place.file('source', 'content'), place.file('target')];
    await using _bind = await bind(source, target, { readonly: true });
    expect(readFileSync(target, 'utf8')).toBe('content');
    expect(() => writeFileSync(target, 'new')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    writeFileSync(source, 'new');
    expect(readFileSync(target, 'utf8')).toBe('new');
  });

  test('mountBind follows a symbolic link in the source and in the target', async ({ place }) => {
    const [source, target] = [place.directory('source', { file: '' }), place.directory('target')];
    symlinkSync(source, place.path('to-source'));
    symlinkSync(target, place.path('to-target'));
    await using _bind = await bind(place.path('to-source'), place.path('to-target'));
    expect(readdirSync(target)).toEqual(['file']);
  });

  test.for<[string, BindOptions, readonly string[]]>([
    ['no option', {}, ['relatime', 'rw']],
    ['readonly', { readonly: true }, ['relatime', 'ro']],
    ['noSuid', { noSuid: true }, ['nosuid', 'relatime', 'rw']],
    ['noDev', { noDev: true }, ['nodev', 'relatime', 'rw']],
    ['noExec', { noExec: true }, ['noexec', 'relatime', 'rw']],
    ['noSymFollow', { noSymFollow: true }, ['nosymfollow', 'relatime', 'rw']],
    ['noDirAtime', { noDirAtime: true }, ['nodiratime', 'relatime', 'rw']],
    ['noatime', { atime: 'noatime' }, ['noatime', 'rw']],
    ['strictatime', { atime: 'strictatime' }, ['rw']],
    ['relatime', { atime: 'relatime' }, ['relatime', 'rw']],
    [
      'all attributes',
      {
        ...{ readonly: true, noSuid: true, noDev: true, noExec: true, noSymFollow: true, noDirAtime: true },
        atime: 'noatime',
      },
      ['noatime', 'nodev', 'nodiratime', 'noexec', 'nosuid', 'nosymfollow', 'ro'],
    ],
  ])(
    'mountBind sets the attributes that the options name, and leaves those of the source mount: %s',
    async ([_name, options, expected], { place }) => {
      const [source, target] = [place.directory('source'), place.directory('target')];
      mountSync('source', source, 'tmpfs');
      for (const flags of ['inherit', 'exact'] as const) {
        await using _bind = await bind(source, target, { ...options, flags });
        expect(wordsAt(target)).toEqual(expected);
      }
      expect(wordsAt(source)).toEqual(['relatime', 'rw']);
    },
  );

  test.for<[string, number, BindOptions, readonly string[]]>([
    ['inherit adds an attribute', MS_NOSUID, { noDev: true }, ['nodev', 'nosuid', 'relatime', 'rw']],
    [
      'inherit removes no attribute that is false',
      MS_NOSUID | MS_NODEV | MS_NOEXEC,
      { readonly: true, noSuid: false, noDev: false, noExec: false },
      ['nodev', 'noexec', 'nosuid', 'relatime', 'ro'],
    ],
    ['inherit keeps noatime', MS_NOATIME, { readonly: true }, ['noatime', 'ro']],
    ['inherit keeps strictatime', MS_STRICTATIME, { readonly: true }, ['ro']],
    ['inherit changes atime when atime is given', MS_NOATIME, { atime: 'relatime' }, ['relatime', 'rw']],
    [
      'exact removes attributes that are not given',
      MS_NOSUID | MS_NODEV,
      { flags: 'exact', noExec: true },
      ['noexec', 'relatime', 'rw'],
    ],
    ['exact sets relatime when atime is not given', MS_NOATIME, { flags: 'exact' }, ['relatime', 'rw']],
    ['exact sets the atime that is given', MS_NOSUID, { flags: 'exact', atime: 'noatime' }, ['noatime', 'rw']],
  ])(
    'the option flags decides how mountBind combines its options with the attributes of the source mount: %s',
    async ([_name, flags, options, expected], { place }) => {
      const [source, target] = [place.directory('source'), place.directory('target')];
      mountSync('source', source, 'tmpfs', flags);
      const before = wordsAt(source);
      await using _bind = await bind(source, target, options);
      expect(wordsAt(target)).toEqual(expected);
      expect(wordsAt(source)).toEqual(before);
    },
  );

  test('a recursive read-only bind of 50 mounts makes each read-only, and each keeps its other attributes', async ({
    place,
  }) => {
    const source = treeIn(place, 50);
    const target = place.directory('target');
    await using _bind = await bind(source, target, { recursive: true, readonly: true });
    const [from, to] = [mountsBelow(source), mountsBelow(target)];
    expect(to).toHaveLength(51);
    const inSource = new Map(from.map(({ mountPoint, options }) => [mountPoint.slice(source.length), options]));
    for (const { mountPoint, options } of to) {
      const had = must(inSource.get(mountPoint.slice(target.length)));
      expect(had).toContain('rw');
      expect(options).toEqual(had.map((word) => (word === 'rw' ? 'ro' : word)));
      expect(() => writeFileSync(`${mountPoint}/new`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    }
  });

  test('mountBind without recursive binds no mount that is below the source', async ({ place }) => {
    const source = treeIn(place);
    const target = place.directory('target');
    await using _bind = await bind(source, target, { readonly: true });
    expect(mountsBelow(target)).toHaveLength(1);
  });

  test('unmount() after a recursive bind unmounts the whole tree and leaves the source tree', async ({ place }) => {
    const source = treeIn(place);
    const target = place.directory('target');
    const mount = await bind(source, target, { recursive: true });
    expect(mountsBelow(target)).toHaveLength(4);
    await mount.unmount();
    expect(mountsBelow(target)).toEqual([]);
    expect(mountsBelow(source)).toHaveLength(4);
    await mount.unmount();
  });

  describe.each(['private', 'shared'] as const)('mountBind on a %s parent mount', (parent) => {
    test.for<[Propagation, RegExp]>([
      ['private', /^$/],
      // The copies join new peer groups, which are slaves of the peer groups of the source.
      ['shared', parent === 'shared' ? /^shared:\d+ master:\d+$/ : /^shared:\d+$/],
      ['slave', parent === 'shared' ? /^master:\d+$/ : /^$/],
      ['unbindable', /^unbindable$/],
    ])(
      'mountBind with propagation: %s sets that propagation on every mount of the tree',
      async ([propagation, expected], { place }) => {
        setPropagationSync(place.root, parent);
        const source = treeIn(place);
        const target = place.directory('target');
        await using _bind = await bind(source, target, { propagation, recursive: true, readonly: true });
        expect(mountsBelow(target).map(({ propagation: found }) => found)).toEqual(
          Array.from({ length: 4 }, () => expect.stringMatching(expected)),
        );
        setPropagationSync(place.root, 'private', { recursive: true });
      },
    );

    test('unmount() of a recursive bind unmounts no mount of its source when propagation links the two trees', async ({
      place,
    }) => {
      setPropagationSync(place.root, parent);
      const source = treeIn(place);
      const before = mountsBelow(source).map(({ mountPoint }) => mountPoint);
      const mounted = await bind(source, place.directory('target'), { recursive: true, readonly: true });
      await mounted.unmount();
      expect(mountsBelow(source).map(({ mountPoint }) => mountPoint)).toEqual(before);
      setPropagationSync(place.root, 'private', { recursive: true });
    });

    test('mountBind without propagation leaves the propagation that the kernel gives to the bind', async ({
      place,
    }) => {
      setPropagationSync(place.root, parent);
      const [source, target] = [place.directory('source'), place.directory('target')];
      await using _bind = await bind(source, target);
      expect(tableEntry(target)?.propagation).toMatch(parent === 'shared' ? /^shared:\d+$/ : /^$/);
      setPropagationSync(place.root, 'private', { recursive: true });
    });
  });

  test('mountBind over a mount succeeds with ifMounted: "stack", and rejects with ifMounted: "error"', async ({
    place,
  }) => {
    const [source, target] = [place.directory('source', { mine: '' }), place.directory('target')];
    mountSync('theirs', target, 'tmpfs');
    const before = mountTable().length;
    expect(await failure(source, target, { ifMounted: 'error' })).toMatchObject({
      code: 'EBUSY',
      path: source,
      dest: target,
      reason: expect.stringMatching(/is a mount point already/),
    });
    expect(mountTable()).toHaveLength(before);
    {
      await using _bind = await bind(source, target, { ifMounted: 'stack' });
      expect(readdirSync(target)).toEqual(['mine']);
    }
    expect(tableEntry(target)?.source).toBe('theirs');
    umountSync(target);
    await using bound = await bind(source, target, { ifMounted: 'error' });
    expect(bound.reused).toBe(false);
  });

  test('mountBind with ifMounted: "reuse" returns a handle that does not unmount the equal bind', async ({ place }) => {
    const [source, target] = [place.directory('source'), place.directory('target')];
    const options = { readonly: true, noExec: true, propagation: 'private', ifMounted: 'reuse' } as const;
    await using first = await bind(source, target, options);
    const second = await bind(source, target, options);
    expect([first.reused, second.reused, second.id]).toEqual([false, true, first.id]);
    await second.unmount();
    expect(mountsBelow(target)).toHaveLength(1);
  });

  test.for<[string, (place: Place, source: string, target: string) => unknown, BindOptions, RegExp]>([
    [
      'is of another directory',
      (place, _, target) => bind(place.directory('x'), target),
      {},
      /shows another directory or file than the source/,
    ],
    [
      'is a tmpfs',
      (_p, _s, target) => mountSync('x', target, 'tmpfs'),
      {},
      /shows another directory or file than the source, of a filesystem of type tmpfs/,
    ],
    [
      'is writable',
      (_, source, target) => bind(source, target),
      { readonly: true },
      /a bind without ro, which is not what/,
    ],
    [
      'is read-only',
      (_, source, target) => bind(source, target, { readonly: true }),
      {},
      /a bind with ro, which is not what/,
    ],
    ['has another atime', (_, source, target) => bind(source, target), { atime: 'noatime' }, /with another atime/],
    [
      'has an attribute that flags: exact excludes',
      (_, s, target) => bind(s, target, { noDev: true }),
      { flags: 'exact' },
      /a bind with nodev, which is not what/,
    ],
    [
      'has another propagation',
      (_, source, target) => bind(source, target, { propagation: 'private' }),
      { propagation: 'shared' },
      /with another propagation/,
    ],
    [
      'would have to be a tree',
      (_, source, target) => bind(source, target),
      { recursive: true },
      /below are not compared/,
    ],
  ])(
    'mountBind with ifMounted: "reuse" rejects with EBUSY when the mount at the target differs: it %s',
    async ([_name, set, options, reason], { place }) => {
      const [source, target] = [place.directory('source'), place.directory('target')];
      await set(place, source, target);
      const error = await failure(source, target, { ...options, ifMounted: 'reuse' });
      expect(error).toMatchObject({ code: 'EBUSY', reason: expect.stringMatching(reason) });
      expect(mountsBelow(target)).toHaveLength(1);
    },
  );

  test.for<[string, string]>([
    ['a newline', 'new\nline'],
    ['a comma and a colon', 'a,b:c'],
    ['a backslash and a space', 'a\\ b\\040'],
    ['0xff', '\xff\xfe'],
  ])('mountBind accepts paths as Buffers: %s', async ([_name, name], { place }) => {
    const [source, target] = ['from ', 'to '].map((before) => {
      const path = Buffer.concat([Buffer.from(`${place.root}/${before}`), Buffer.from(name, 'latin1')]);
      mkdirSync(path);
      return path;
    }) as [Buffer, Buffer];
    const below = Buffer.concat([source, Buffer.from('/'), Buffer.from(name, 'latin1')]);
    mkdirSync(below);
    mountSync('below', below, 'tmpfs');
    const before = mountTable().length;
    const mount = await bind(source, target, { readonly: true, recursive: true });
    expect(mount.target).toEqual(target);
    const added = mountTable().slice(-2);
    expect(added.map(({ options }) => options[0])).toEqual(['ro', 'ro']);
    await mount.unmount();
    expect(mountTable()).toHaveLength(before);
  });

  test('mountBind accepts paths of 4095 bytes, and rejects longer paths with ENAMETOOLONG', async ({ place }) => {
    const [source, target] = [longPath(place.directory('s'), 4095), longPath(place.directory('t'), 4095)];
    mkdirSync(source, { recursive: true });
    mkdirSync(target, { recursive: true });
    {
      await using mount = await bind(source, target, { readonly: true });
      expect(mount.strategy).toBe(strategy);
      expect(mountsBelow(place.path('t')).map(({ mountPoint, options }) => [mountPoint, options[0]])).toEqual([
        [target, 'ro'],
      ]);
    }
    expect(mountsBelow(place.path('t'))).toEqual([]);
    for (const [from, to] of [
      [`${source}x`, target],
      [source, `${target}x`],
    ]) {
      expect(await failure(from, to)).toMatchObject({
        code: 'ENAMETOOLONG',
        reason: expect.stringMatching(/is too long: give a path of at most 4095 bytes/),
      });
    }
  });

  interface Failing {
    readonly name: string;
    readonly source?: string;
    readonly target?: string;
    readonly options?: BindOptions;
    readonly set?: (place: Place) => void;
    readonly code: string;
    readonly reason: RegExp;
  }

  test.for<Failing>([
    {
      name: 'the source is missing',
      source: 'missing',
      code: 'ENOENT',
      reason: /^the source '.*\/missing' does not exist/,
    },
    {
      name: 'the target is missing',
      target: 'missing',
      code: 'ENOENT',
      reason: /^the target '.*\/missing' does not exist/,
    },
    {
      name: 'the source and the target are missing',
      ...{ source: 'no1', target: 'no2', code: 'ENOENT' },
      reason: /^the source '.*\/no1' and the target '.*\/no2' do not exist/,
    },
    {
      name: 'the source is a file and the target is a directory',
      ...{ source: 'file', code: 'ENOTDIR' },
      reason: /^the source '.*\/file' is a file and the target '.*\/target' is a directory/,
    },
    {
      name: 'the source is a directory and the target is a file',
      ...{ target: 'file', code: 'ENOTDIR' },
      reason: /^the source '.*\/source' is a directory and the target '.*\/file' is a file/,
    },
    {
      name: 'the path of the source leads through a file',
      ...{ source: 'file/x', code: 'ENOTDIR' },
      reason: /^the source '.*\/file\/x' is not a directory, or leads through a file/,
    },
    {
      name: 'the source is a symbolic link to itself',
      ...{ source: 'circle', code: 'ELOOP' },
      set: (place) => symlinkSync('circle', place.path('circle')),
      reason: /^the source '.*\/circle' leads through too many symbolic links/,
    },
    {
      name: 'the source is unbindable',
      ...{ source: 'unbindable', code: 'EINVAL' },
      set: (place) => {
        mountSync('x', place.directory('unbindable'), 'tmpfs');
        setPropagationSync(place.path('unbindable'), 'unbindable');
      },
      reason:
        /^the source '.*\/unbindable' is on the mount at '.*\/unbindable' \(tmpfs\), whose propagation is unbindable/,
    },
  ])('mountBind rejects with a reason that names the cause, and leaves no mount: $name', async (failing, { place }) => {
    place.directory('source');
    place.directory('target');
    place.file('file');
    failing.set?.(place);
    const before = mountTable();
    for (const attributes of [{}, { readonly: true }, { recursive: true, noSuid: true }] as const) {
      const [source, target] = [place.path(failing.source ?? 'source'), place.path(failing.target ?? 'target')];
      const error = await failure(source, target, { ...failing.options, ...attributes });
      expect(error).toBeInstanceOf(MountError);
      expect(error).toMatchObject({ code: failing.code, path: source, dest: target });
      expect((error as MountError).reason).toMatch(failing.reason);
      expect(error).not.toHaveProperty('left');
      expect(mountTable()).toEqual(before);
    }
  });

  test.for<[string, unknown, unknown, unknown, string]>([
    ['an unknown option', '/s', '/t', { readOnly: true }, 'ERR_INVALID_ARG_VALUE'],
    ['an attribute that is not a boolean', '/s', '/t', { noSuid: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['an option recursive that is not a boolean', '/s', '/t', { recursive: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    ['an unknown atime', '/s', '/t', { atime: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown propagation', '/s', '/t', { propagation: 'rslave' }, 'ERR_INVALID_ARG_VALUE'],
    ['unknown flags', '/s', '/t', { flags: 'keep' }, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown ifMounted', '/s', '/t', { ifMounted: 'replace' }, 'ERR_INVALID_ARG_VALUE'],
    ['options that are not an object', '/s', '/t', 'ro', 'ERR_INVALID_ARG_TYPE'],
    ['a source string with a NUL character', '/s\0', '/t', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a target string with a NUL character', '/s', '/t\0', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a source Buffer with a NUL byte', Buffer.from('/s\0'), '/t', {}, 'ERR_INVALID_ARG_VALUE'],
    ['a missing source', undefined, '/t', {}, 'ERR_INVALID_ARG_TYPE'],
    ['a missing target', '/s', undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    ['a null source', null, '/t', {}, 'ERR_INVALID_ARG_TYPE'],
  ])(
    'mountBind throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_name, source, target, options, code]) => {
      expect(await failure(source, target, options)).toMatchObject({ code });
    },
  );

  test('mountBind rejects an empty path with ENOENT and does not use the working directory', async ({ place }) => {
    for (const [from, to] of [
      ['', place.directory('t')],
      [place.directory('s'), ''],
    ]) {
      const before = mountTable().length;
      expect(await failure(from, to)).toMatchObject({
        code: 'ENOENT',
        reason: expect.stringMatching(/^the (source|target) '' does not exist/),
      });
      expect(mountTable()).toHaveLength(before);
    }
  });
});

/** A path below a directory that has exactly the given number of bytes. */
function longPath(directory: string, bytes: number): string {
  let path = directory;
  while (bytes - path.length > 250) path += `/${'x'.repeat(200)}`;
  return `${path}/${'y'.repeat(bytes - path.length - 1)}`;
}

test('mountBind rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { stdout, stderr } = await runNode(
    `import { mountBind, mountBindSync } from 'linux-mount';
     for (const form of [mountBindSync, mountBind])
       try { await form(...process.argv.slice(1), { readonly: true }); }
       catch ({ code, reason }) { console.log(code, reason); }`,
    { args: [place.directory('s'), place.directory('t')], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(EPERM this process lacks CAP_SYS_ADMIN: .*\n){2}$/);
});

describe('mountBind in a user namespace with a source from the parent namespace', () => {
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { mountBind, mountBindSync } from 'linux-mount';
    const [source, target, options] = process.argv.slice(1);
    for (const form of [mountBindSync, mountBind]) {
      try {
        const mount = await form(source, target, JSON.parse(options));
        const found = readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').filter((line) => line.split(' ')[4] === target);
        let wrote = 'written';
        try { writeFileSync(target + '/file', ''); } catch ({ code }) { wrote = code; }
        console.log(JSON.stringify({ words: found.map((line) => line.split(' ')[5]), wrote }));
        await mount.unmount();
      } catch ({ code, step, reason, left }) {
        const table = readFileSync('/proc/self/mountinfo', 'utf8');
        console.log(JSON.stringify({ code, step, reason, left, isLeft: table.includes(target) }));
      }
    }`;

  const run = async (place: Place, options: BindOptions, deny: readonly string[]) => {
    const source = place.directory('source');
    const target = place.directory('target');
    mountSync('x', source, 'tmpfs', MS_NOSUID | MS_NODEV);
    const args = [source, target, JSON.stringify(options)];
    const { stdout, stderr } = await runNode(script, { args, deny, wrapper: inUserNamespace });
    umountSync(source);
    expect(stderr).toBe('');
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  const kernels = [
    ['with mount_setattr', []],
    ['without mount_setattr', ['mount_setattr=ENOSYS']],
  ] as const;

  test.for(kernels)(
    'a read-only bind in a user namespace keeps the locked attributes of its source: %s',
    async ([_name, deny], { place, skip }) => {
      skip(lacks.userNamespace !== undefined, lacks.userNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      const result = { words: ['ro,nosuid,nodev,relatime'], wrote: 'EROFS' };
      expect(await run(place, { readonly: true }, deny)).toEqual([result, result]);
      expect(await run(place, { readonly: true, recursive: true, noSuid: false }, deny)).toEqual([result, result]);
    },
  );

  test.for(kernels)(
    'a bind with flags: "exact" in a user namespace rejects with EPERM for locked attributes and leaves no mount: %s',
    async ([_name, deny], { place, skip }) => {
      skip(lacks.userNamespace !== undefined, lacks.userNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      const result = {
        code: 'EPERM',
        step: 'set attributes',
        reason: expect.stringMatching(
          /^the call clears nosuid, nodev of the mount, which this user namespace may not clear/,
        ),
        isLeft: false,
      };
      expect(await run(place, { readonly: true, flags: 'exact' }, deny)).toEqual([result, result]);
    },
  );

  test('a bind without recursive rejects with EINVAL when a mount below the source is locked', async ({
    place,
    skip,
  }) => {
    skip(lacks.userNamespace !== undefined, lacks.userNamespace);
    const source = place.directory('source');
    mountSync('x', place.directory('source/below'), 'tmpfs');
    const { stdout } = await runNode(script, {
      args: [source, place.directory('target'), '{}'],
      wrapper: inUserNamespace,
    });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        code: 'EINVAL',
        isLeft: false,
        reason: expect.stringMatching(/^the source '.*\/source' has a mount below it \(the mount at '.*\/below'/),
      });
    }
  });
});

test('a read-only bind without mount_setattr(2) leaves no copied mount namespace that keeps other mounts busy', async ({
  place,
  skip,
}) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  skip(lacks.treeCalls !== undefined || lacks.deny !== undefined, lacks.treeCalls ?? lacks.deny);
  const [source, target] = [place.directory('source'), place.directory('target')];
  const [lower, upper, work] = [place.directory('lower'), place.directory('upper'), place.directory('work')];
  // The kernel takes longer to release a copied mount namespace with more mounts.
  for (let index = 0; index < 300; index += 1) mountSync('x', place.directory(`more/${index}`), 'tmpfs');
  // With index=on, overlayfs refuses an upper layer that any other overlay mount holds, even a mount in no mount table.
  const data = `lowerdir=${lower},upperdir=${upper},workdir=${work},index=on`;
  const { stdout, stderr } = await runNode(
    `import { mountBind, mountBindSync, mountSync, umountSync } from 'linux-mount';
     const [source, target, merged, data] = process.argv.slice(1);
     for (let round = 0; round < ${times(200, 20)}; round += 1) {
       mountSync('x', merged, 'overlay', 0, data);
       const form = round % 2 === 0 ? mountBindSync : mountBind;
       const bind = await form(source, target, { readonly: true });
       umountSync(merged);
       bind.unmountSync();
     }
     console.log('done');`,
    { args: [source, target, place.directory('merged'), data], deny: ['mount_setattr=ENOSYS'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'done\n', stderr: '' });
});

test('mountBind with readonly binds and then remounts when mount_setattr(2) and unshare(2) are denied', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  const { stdout, stderr } = await runNode(
    `import { readFileSync } from 'node:fs';
     import { mountBind, mountBindSync } from 'linux-mount';
     const [source, target] = process.argv.slice(1);
     for (const form of [mountBindSync, mountBind]) {
       const mount = await form(source, target, { readonly: true, recursive: true });
       const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').map((line) => line.split(' '));
       const words = lines.filter((fields) => fields[4]?.startsWith(target)).map((fields) => fields[5]);
       console.log(mount.strategy, ...words.map((word) => word.split(',')[0]));
       await mount.unmount();
     }`,
    { args: [treeIn(place, 1), place.directory('target')], deny: ['mount_setattr=ENOSYS', 'unshare=EPERM'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'remount ro ro\n'.repeat(2), stderr: '' });
});

describe.each<[string, readonly string[]]>([
  ['with mount_setattr', []],
  ['without mount_setattr', ['mount_setattr=ENOSYS']],
])('read-only bind under attack, %s', (_, deny) => {
  const whyNot = lacks.treeCalls ?? (deny.length > 0 ? lacks.deny : undefined);

  test('a process that writes through the target of a read-only bind never changes the source tree', async ({
    place,
    skip,
  }) => {
    skip(whyNot !== undefined, whyNot);
    const source = place.directory('source');
    const below = place.directory('source/below');
    mountSync('below', below, 'tmpfs');
    const target = place.directory('target');
    // A write may land in the covered directories while nothing is mounted; no write may ever land in the source.
    place.directory('target/below');
    await using _writer = await HolderProcess.start([
      ...[process.execPath, '--eval'],
      `const { openSync, closeSync } = require('node:fs');
       process.stdout.write('ready');
       for (;;) for (const path of process.argv.slice(1)) try { closeSync(openSync(path, 'w')); } catch {}`,
      ...[`${target}/written`, `${target}/below/written`],
    ]);
    const { stdout, stderr } = await runNode(
      `import { mountBind, mountBindSync } from 'linux-mount';
       const [source, target] = process.argv.slice(1);
       const options = { readonly: true, recursive: true };
       const until = Date.now() + ${inEveryPass(3000, 500)};
       let rounds = 0;
       const strategies = new Set();
       while (Date.now() < until || rounds <= 50) {
         const mounts = [mountBindSync(source, target, options), await mountBind(source, target, options)];
         for (const mount of mounts.reverse()) {
           strategies.add(mount.strategy);
           mount.unmountSync({ lazy: true });
         }
         rounds += 1;
       }
       console.log(JSON.stringify([...strategies]));`,
      { args: [source, target], deny, timeout: 50_000 },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '["tree"]\n', stderr: '' });
    expect(readdirSync(source)).toEqual(['below']);
    expect(readdirSync(below)).toEqual([]);
    // These files prove that the child process wrote during the whole test.
    expect(readdirSync(target).toSorted()).toEqual(['below', 'written']);
    expect(readdirSync(`${target}/below`)).toEqual(['written']);
  });

  test('SIGKILL at a random moment leaves either no bind or a complete read-only bind', async ({ place, skip }) => {
    skip(whyNot !== undefined, whyNot);
    const source = place.directory('source');
    mountSync('below', place.directory('source/below'), 'tmpfs');
    const target = place.directory('target');
    const script = `
      import { mountBind, mountBindSync } from 'linux-mount';
      const [source, target, formName] = process.argv.slice(1);
      const form = formName === 'sync' ? mountBindSync : mountBind;
      process.stdout.write('ready');
      for (;;) {
        const mount = await form(source, target, { readonly: true, recursive: true });
        await mount.unmount({ lazy: true });
      }`;
    const ROUNDS = times(40, 10);
    let left = 0;
    // The test continues until one kill leaves a bind, which proves that the kills hit the critical moment.
    for (let round = 0; round < ROUNDS || (left === 0 && round < 50 * ROUNDS); round += 1) {
      const args = [source, target, round % 2 === 0 ? 'sync' : 'async'];
      const [command, ...words] = nodeCommand(script, { args, deny });
      const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * patience(20)));
      child.kill('SIGKILL');
      await once(child, 'close');
      const found = mountsBelow(target);
      for (const { options } of found) expect(options).toContain('ro');
      // The kernel attaches a tree completely or not at all.
      expect([0, 2]).toContain(found.length);
      if (found.length > 0) {
        left += 1;
        umountSync(target, MNT_DETACH);
      }
    }
    expect(mountsBelow(target)).toEqual([]);
    expect(left).toBeGreaterThan(0);
  });
});

test('mountBindSync uses the strategy "tree" although an earlier call without privilege failed', async ({
  place,
  skip,
}) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  skip(lacks.setattr !== undefined, lacks.setattr);
  const { stdout, stderr } = await runNode(
    `import { mountBindSync } from 'linux-mount';
     const bind = () => mountBindSync(process.argv[1], process.argv[2], { readonly: true });
     process.seteuid(54321);
     let refused = 'nothing';
     try { bind(); } catch ({ code }) { refused = code; }
     process.seteuid(0);
     const mount = bind();
     console.log(refused, mount.strategy);
     mount.unmountSync();`,
    { args: [place.directory('source'), place.directory('target')] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EPERM tree\n', stderr: '' });
});
