// Tests mountFilesystem() and mountFilesystemSync() with the strategies data (option string) and fsconfig.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  detachedFilesystem,
  type FilesystemOptions,
  MountError,
  mountBindSync,
  mountFilesystem,
  mountFilesystemSync,
  mountSync,
  pageSize,
  setMountAttributesSync,
  umountSync,
} from '../../../lib/index.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { missingCall, type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

const forms = [
  ['mountFilesystemSync', async (...call: Parameters<typeof mountFilesystem>) => mountFilesystemSync(...call)],
  ['mountFilesystem', mountFilesystem],
] as const;

const lacksFsconfig = lacks.fsopen;

const strategies = [
  ['data', undefined],
  ['fsconfig', lacksFsconfig],
] as const;

const xattr = isRealRoot ? {} : { userxattr: true };

/** Whether fsmount(2) takes the attributes: fsmount(2) takes noSymFollow since Linux 5.14, later than mount(2). */
function fsmountTakes(place: Place, attributes: FilesystemOptions): boolean {
  const target = place.directory('probe');
  try {
    mountFilesystemSync('x', target, 'tmpfs', { strategy: 'fsconfig', ...attributes }).unmountSync();
    return true;
  } catch (error) {
    expect(error).toMatchObject({
      code: 'EINVAL',
      syscall: 'fsmount',
      reason: expect.stringMatching(/does not support noSymFollow/),
    });
    return false;
  }
}

describe.each(forms)('%s', (_, doMount) => {
  const failure = async (...call: unknown[]) =>
    rejectionOf((async () => doMount(...(call as Parameters<typeof mountFilesystem>)))());

  describe.each(strategies)('mountFilesystem by %s', (strategy, lack) => {
    test('mountFilesystem mounts with parameters and attributes, and gives a handle that unmounts the mount', async ({
      place,
      skip,
    }) => {
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      const noSymFollow = strategy === 'data' || fsmountTakes(place, { noSymFollow: true });
      const mount = await doMount('my tmpfs', target, 'tmpfs', {
        strategy,
        parameters: { size: '1m', nr_inodes: 55, mode: '750', noquota: false, uid: undefined },
        noSuid: true,
        noDev: true,
        noExec: true,
        noSymFollow,
        noDirAtime: true,
        atime: 'noatime',
      });
      expect(mount).toMatchObject({ target, strategy, reused: false });
      const entry = tableEntry(target);
      expect(entry).toMatchObject({ source: 'my\\040tmpfs', fsType: 'tmpfs' });
      expect(entry?.options.toSorted().join()).toBe(
        `noatime,nodev,nodiratime,noexec,nosuid${noSymFollow ? ',nosymfollow' : ''},rw`,
      );
      expect(entry?.superOptions).toMatch(/^rw,size=1024k,nr_inodes=55,mode=750/);
      await mount.unmount();
      expect(tableEntry(target)).toBeUndefined();
    });

    test('mountFilesystem with readonly makes the mount and its filesystem read-only', async ({ place, skip }) => {
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      await using _mount = await doMount(null, target, 'tmpfs', { strategy, readonly: true, atime: 'strictatime' });
      expect(tableEntry(target)).toMatchObject({ options: ['ro'], superOptions: expect.stringMatching(/^ro/) });
      expect(() => writeFileSync(`${target}/x`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    });

    test('mountFilesystem without a source shows the source none in the mount table', async ({ place, skip }) => {
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      await using _mount = await doMount(null, target, 'tmpfs', { strategy });
      expect(tableEntry(target)?.source).toBe('none');
    });

    test('mountFilesystem accepts Buffers and numbers as the source and as values of parameters', async ({
      place,
      skip,
    }) => {
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      const source = Buffer.from('s\xff', 'latin1');
      await using _mount = await doMount(source, target, 'tmpfs', {
        strategy,
        parameters: { size: 65536, mode: Buffer.from('711') },
      });
      expect(tableEntry(target)).toMatchObject({
        source: 's\xff',
        superOptions: expect.stringMatching(/size=64k,mode=711/),
      });
    });

    test.for<[string, FilesystemOptions['parameters'], RegExp]>([
      ['a parameter is unknown', { nonsense: 'hush' }, /Unknown parameter 'nonsense'/],
      ['the value of a parameter is wrong', { size: 'hush' }, /Bad value for 'size'/],
    ])(
      'mountFilesystem rejects with EINVAL for a wrong parameter and hides the values: %s',
      async ([_name, parameters, log], { place, skip }) => {
        skip(lack !== undefined, lack);
        const target = place.directory('t');
        const error = (await failure(null, target, 'tmpfs', { strategy, parameters })) as MountError;
        expect(error).toBeInstanceOf(MountError);
        expect(error).toMatchObject({ code: 'EINVAL', fsType: 'tmpfs', path: target });
        expect(error.message).not.toContain('hush');
        if (strategy === 'fsconfig') {
          expect(error.kernelLog).toMatch(log);
          expect(error.reason).toMatch(/^the kernel reports "/);
        } else {
          expect(error.reason).toMatch(/^the filesystem 'tmpfs' probably refuses its option data/);
        }
        expect(tableEntry(target)).toBeUndefined();
      },
    );

    interface Failing {
      readonly name: string;
      readonly call: (place: Place) => readonly [source: string | null, target: string, fsType: string];
      readonly code: string | readonly string[];
      readonly reason: RegExp;
    }

    test.for<Failing>([
      {
        name: 'the target is missing',
        call: ({ root }) => [null, `${root}/missing`, 'tmpfs'],
        code: 'ENOENT',
        reason: /^the target '.*\/missing' does not exist/,
      },
      {
        name: 'the target is a file',
        call: (place) => [null, place.file('file'), 'tmpfs'],
        code: 'ENOTDIR',
        reason: /^the target '.*\/file' is a file, and a filesystem needs a directory as its target/,
      },
      {
        name: 'the kernel does not have the filesystem type',
        call: (place) => [null, place.directory('t'), 'nofs'],
        code: 'ENODEV',
        reason: /^the filesystem 'nofs' is not in this kernel/,
      },
      {
        name: 'the target is an empty path',
        call: () => [null, '', 'tmpfs'],
        code: 'ENOENT',
        reason: /^the target '' does not exist/,
      },
      {
        name: 'the source is not a block device',
        call: (place) => [place.file('image'), place.directory('t'), 'ext4'],
        code: isRealRoot ? 'ENOTBLK' : ['EPERM', 'ENOTBLK'],
        reason: isRealRoot ? /^the source '.*\/image' is a file, and 'ext4' needs a block device as its source/ : /./,
      },
    ])(
      'mountFilesystem rejects with a reason that names the cause, and leaves no mount: $name',
      async ({ call, code, reason }, { place, skip }) => {
        skip(lack !== undefined, lack);
        const words = call(place);
        const before = mountTable();
        const error = (await failure(...words, { strategy, noSuid: true })) as MountError;
        expect([code].flat()).toContain(error.code);
        expect(error.reason).toMatch(reason);
        expect(error).not.toHaveProperty('left');
        expect(mountTable()).toEqual(before);
      },
    );

    test('mountFilesystem with ifMounted: "error" rejects with EBUSY when the target is a mount point', async ({
      place,
      skip,
    }) => {
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      mountSync('theirs', target, 'tmpfs');
      expect(await failure(null, target, 'tmpfs', { strategy, ifMounted: 'error' })).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(/is a mount point already/),
      });
      expect(tableEntry(target)?.source).toBe('theirs');
    });
  });

  test('mountFilesystem uses the strategy "data" when no strategy is given and no value has a comma', async ({
    place,
  }) => {
    await using mount = await doMount(null, place.directory('t'), 'tmpfs', { parameters: { size: '1m' } });
    expect(mount.strategy).toBe('data');
  });

  test('mountFilesystem uses the strategy "fsconfig" for a value with a comma, and rejects "data"', async ({
    place,
    skip,
  }) => {
    skip(lacksFsconfig !== undefined, lacksFsconfig);
    const target = place.directory('t');
    const parameters = {
      'lowerdir+': place.directory('lo,wer', { file: '' }),
      upperdir: place.directory('up,per'),
      workdir: place.directory('wo,rk'),
      ...xattr,
    };
    if (lacksStrategy('fsconfig') !== undefined) {
      // overlayfs without lowerdir+ reports the unknown parameter only when the kernel creates the filesystem.
      expect(await failure('overlay', target, 'overlay', { parameters })).toMatchObject({
        code: isRealRoot ? 'EINVAL' : expect.stringMatching(/^E(INVAL|PERM)$/),
        reason: expect.stringMatching(/./),
      });
      return;
    }
    await using mount = await doMount('overlay', target, 'overlay', { parameters });
    expect(mount.strategy).toBe('fsconfig');
    writeFileSync(`${target}/new`, '');
    expect(readdirSync(target)).toEqual(['file', 'new']);
    expect(readdirSync(place.path('up,per'))).toEqual(['new']);
    expect(await failure('overlay', target, 'overlay', { parameters, strategy: 'data' })).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  test('mountFilesystem uses the strategy "data" for a value over 255 bytes, and rejects "fsconfig"', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const long = place.directory('x'.repeat(250), { file: '' });
    expect(Buffer.byteLength(long)).toBeGreaterThan(255);
    const parameters = { lowerdir: `${long}:${place.directory('other')}`, ...xattr };
    const target = place.directory('t');
    {
      await using mount = await doMount('overlay', target, 'overlay', { parameters });
      expect(mount.strategy).toBe('data');
      expect(readdirSync(target)).toEqual(['file']);
    }
    const idmap = { owner: { uid: 0, gid: 0 }, appearsAs: { uid: 0, gid: 0 } };
    for (const options of [{ strategy: 'fsconfig' }, { idmap }] as const) {
      expect(await failure('overlay', target, 'overlay', { parameters, ...options })).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringMatching(/lowerdir" property must be at most 255 bytes/),
      });
    }
  });

  test('mountFilesystem rejects and names the missing system call when fsconfig(2) is needed', async ({
    place,
    skip,
  }) => {
    skip(lacksFsconfig === undefined, 'this kernel has fsconfig(2)');
    for (const options of [{ strategy: 'fsconfig' }, { parameters: { mpol: 'bind:0,0' } }] as const) {
      expect(await failure(null, place.directory('t'), 'tmpfs', options)).toMatchObject(missingCall('fsopen'));
    }
  });

  test.for<[string, unknown[], string]>([
    ['an unknown option', [null, '/t', 'tmpfs', { size: '1m' }], 'ERR_INVALID_ARG_VALUE'],
    ['a missing type', [null, '/t'], 'ERR_INVALID_ARG_TYPE'],
    ['an empty type', [null, '/t', ''], 'ERR_INVALID_ARG_VALUE'],
    ['a type with a NUL character', [null, '/t', 'a\0'], 'ERR_INVALID_ARG_VALUE'],
    ['a type that is not well-formed UTF-16', [null, '/t', 'fuse.\ud800'], 'ERR_INVALID_ARG_VALUE'],
    ['a source that is not well-formed UTF-16', ['\ud800', '/t', 'tmpfs'], 'ERR_INVALID_ARG_VALUE'],
    ['an undefined source', [undefined, '/t', 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['an undefined target', [null, undefined, 'tmpfs'], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown strategy', [null, '/t', 'tmpfs', { strategy: 'descriptors' }], 'ERR_INVALID_ARG_VALUE'],
    ['parameters that are an array', [null, '/t', 'tmpfs', { parameters: ['size=1m'] }], 'ERR_INVALID_ARG_TYPE'],
    ['parameters that are a string', [null, '/t', 'tmpfs', { parameters: 'size=1m' }], 'ERR_INVALID_ARG_TYPE'],
    ['a value with a NUL character', [null, '/t', 'tmpfs', { parameters: { size: '1\0' } }], 'ERR_INVALID_ARG_VALUE'],
  ])('mountFilesystem throws or rejects with an ERR_* code for a wrong argument: %s', async ([_name, call, code]) => {
    expect(await failure(...call)).toMatchObject({ code });
  });

  describe('ifMounted: reuse', () => {
    const options = {
      parameters: { size: '1m', nr_inodes: 99, mode: '0700' },
      noSuid: true,
      atime: 'noatime',
      ifMounted: 'reuse',
    } as const;

    test('mountFilesystem with ifMounted: "reuse" returns a handle that does not unmount the equal mount', async ({
      place,
    }) => {
      const target = place.directory('t');
      await using first = await doMount('mine', target, 'tmpfs', options);
      const second = await doMount('mine', target, 'tmpfs', {
        ...options,
        parameters: { size: 2 ** 20, nr_inodes: '99', mode: '700' },
      });
      expect([first.reused, second.reused, second.id]).toEqual([false, true, first.id]);
      await second.unmount();
      expect(tableEntry(target)).toBeDefined();
    });

    test.for<[string, readonly unknown[], RegExp]>([
      [
        'has another type',
        ['mine', 'ramfs', {}],
        /^the mount at the target is a filesystem of type tmpfs, which is not/,
      ],
      ['has another source', ['other', 'tmpfs', options], /^the mount at the target has another source/],
      [
        'has another size',
        ['mine', 'tmpfs', { ...options, parameters: { size: '2m' } }],
        /does not show the requested parameter size/,
      ],
      [
        'lacks a parameter',
        ['mine', 'tmpfs', { ...options, parameters: { noswap: true } }],
        /does not show the requested parameter noswap/,
      ],
      [
        'has nosuid, which is not given',
        ['mine', 'tmpfs', { ...options, noSuid: false }],
        /^the mount at the target is a filesystem with nosuid/,
      ],
      [
        'lacks noexec',
        ['mine', 'tmpfs', { ...options, noExec: true }],
        /^the mount at the target is a filesystem without noexec/,
      ],
      [
        'is not read-only',
        ['mine', 'tmpfs', { ...options, readonly: true }],
        /^the mount at the target is a filesystem without ro/,
      ],
      [
        'has another atime',
        ['mine', 'tmpfs', { ...options, atime: 'relatime' }],
        /^the mount at the target is a filesystem with another atime/,
      ],
    ])(
      'mountFilesystem with ifMounted: "reuse" rejects with EBUSY when the mount at the target differs: it %s',
      async ([_name, [source, fsType, wanted], reason], { place }) => {
        const target = place.directory('t');
        await using _existing = await doMount('mine', target, 'tmpfs', options);
        const error = await failure(source, target, fsType, { ...(wanted as object), ifMounted: 'reuse' });
        expect(error).toMatchObject({ code: 'EBUSY', reason: expect.stringMatching(reason) });
      },
    );

    test('mountFilesystem with ifMounted: "reuse" rejects when the target is a bind of a subdirectory', async ({
      place,
    }) => {
      const target = place.directory('t');
      await using _existing = await doMount('mine', target, 'tmpfs', options);
      mkdirSync(`${target}/below`);
      mountBindSync(`${target}/below`, target);
      expect(await failure('mine', target, 'tmpfs', options)).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(
          /^the mount at the target is a filesystem, but shows only its directory '\/below', which is not what/,
        ),
      });
      umountSync(target);
    });

    test('mountFilesystem with ifMounted: "reuse" rejects a writable mount of a read-only filesystem', async ({
      place,
    }) => {
      const target = place.directory('t');
      await using mount = await doMount('mine', target, 'tmpfs', { ...options, readonly: true });
      setMountAttributesSync(target, { readonly: false });
      expect(await failure('mine', target, 'tmpfs', options)).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(
          /^the mount at the target is a filesystem that is read-only as a whole, which is not what/,
        ),
      });
      // With a read-only mount over it, nothing can write to the filesystem, so the mount is what `readonly` asks for.
      setMountAttributesSync(target, { readonly: true });
      const again = await doMount('mine', target, 'tmpfs', { ...options, readonly: true });
      expect(again).toMatchObject({ id: mount.id, reused: true });
    });

    test('mountFilesystem with ifMounted: "reuse" and readonly rejects a filesystem with a writable mount', async ({
      place,
    }) => {
      const target = place.directory('t');
      await using mount = await doMount('mine', target, 'tmpfs', options);
      mountBindSync(target, place.directory('elsewhere'));
      setMountAttributesSync(target, { readonly: true });
      expect(await failure('mine', target, 'tmpfs', { ...options, readonly: true })).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(/^the mount at the target is a filesystem that is writable through other mounts/),
      });
      umountSync(place.path('elsewhere'));
      expect(mount.reused).toBe(false);
    });

    test('mountFilesystem with ifMounted: "reuse" accepts a read-only mount of sysfs', async ({ place, skip }) => {
      const target = place.directory('t');
      const readonly = { readonly: true, ifMounted: 'reuse' } as const;
      const first = await doMount('sysfs', target, 'sysfs', readonly).catch(() => undefined);
      skip(first === undefined, 'the kernel refuses to mount sysfs in this user namespace');
      expect(await doMount('sysfs', target, 'sysfs', readonly)).toMatchObject({ id: first?.id, reused: true });
      await first?.unmount();
    });

    test('mountFilesystem with ifMounted: "reuse" makes a mount when the target is not a mount point', async ({
      place,
    }) => {
      const target = place.directory('t');
      mountBindSync(place.root, place.directory('elsewhere'));
      await using mount = await doMount('mine', target, 'tmpfs', options);
      expect(mount.reused).toBe(false);
      umountSync(place.path('elsewhere'));
    });
  });

  test('mountFilesystem mounts ext4 from a loop device, and a second mount with readonly rejects with EBUSY', async ({
    place,
    skip,
  }) => {
    skip(!isRealRoot, 'only root outside of a user namespace may mount a device');
    using device = loopDevice(place, skip);
    const target = place.directory('t');
    for (const [strategy, lack] of strategies) {
      if (lack !== undefined) continue;
      await using _mount = await doMount(device.path, target, 'ext4', {
        strategy,
        parameters: { errors: 'remount-ro', commit: 30, nodiscard: true },
        noDev: true,
      });
      expect(tableEntry(target)).toMatchObject({ fsType: 'ext4', source: device.path });
      expect(tableEntry(target)?.superOptions).toMatch(/errors=remount-ro.*commit=30|commit=30.*errors=remount-ro/);
      expect(await failure(device.path, place.directory('u'), 'ext4', { strategy, readonly: true })).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(/^the source '.*' is in use by the mount at '.*\/t' \(ext4\)/),
      });
    }
  });
});

describe.each(forms)('%s with ifMounted: "reuse" and a device', (_, doMount) => {
  test('mountFilesystem with ifMounted: "reuse" accepts a link to the device until the link is changed', async ({
    place,
    skip,
  }) => {
    skip(!isRealRoot, 'only root outside of a user namespace may mount a device');
    using first = loopDevice(place, skip);
    using second = loopDevice(place, skip, 'other');
    const link = place.path('by-label');
    const target = place.directory('t');
    symlinkSync(first.path, link);
    await using mount = await doMount(link, target, 'ext4', { ifMounted: 'reuse' });
    expect(mount.reused).toBe(false);
    expect(await doMount(link, target, 'ext4', { ifMounted: 'reuse' })).toMatchObject({ id: mount.id, reused: true });
    unlinkSync(link);
    symlinkSync(second.path, link);
    expect(await rejectionOf(doMount(link, target, 'ext4', { ifMounted: 'reuse' }))).toMatchObject({
      code: 'EBUSY',
      reason: `the mount at the target shows another device, which had the name '${link}' when it was mounted, which is not what was asked for`,
    });
  });
});

/** Makes a loop device with an ext4 filesystem; skips the test if the system cannot. */
function loopDevice(place: Place, skip: (condition: boolean, why?: string) => void, name = 'image') {
  const image = place.file(name);
  truncateSync(image, 8 * 2 ** 20);
  const made = spawnSync('mkfs.ext4', ['-q', '-F', image], { encoding: 'utf8' });
  skip(made.status !== 0, `no mkfs.ext4 here: ${made.error?.message ?? made.stderr}`);
  const set = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' });
  skip(set.status !== 0, `no loop device here: ${set.error?.message ?? set.stderr}`);
  const path = set.stdout.trim();
  return {
    path,
    [Symbol.dispose]: () => {
      const { status, stderr } = spawnSync('losetup', ['--detach', path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    },
  };
}

test('the strategies "data" and "fsconfig" give the same mount', async ({ place, skip }) => {
  skip(lacksFsconfig !== undefined, lacksFsconfig);
  const shown = strategies.map(([strategy]) => {
    const target = place.directory(strategy);
    mountFilesystemSync('same', target, 'tmpfs', {
      strategy,
      parameters: { size: '3m', nr_inodes: 44, mode: '1711' },
      readonly: true,
      noSuid: true,
      atime: 'noatime',
    });
    const { options, superOptions, source } = tableEntry(target) ?? {};
    return { options, superOptions, source, files: statfsSync(target).files };
  });
  expect(shown[0]).toEqual(shown[1]);
  expect(shown[0]).toMatchObject({ source: 'same', files: 44 });
});

test('mountFilesystem uses the strategy "fsconfig" for more than a page of parameters', ({ place, skip }) => {
  skip(lacksFsconfig !== undefined, lacksFsconfig);
  const parameters: Record<string, string> = {};
  // Every parameter is unknown, so that the error shows which system call received the parameters.
  for (let index = 0; index < pageSize / 200 + 1; index += 1) parameters[`unknown${index}`] = 'x'.repeat(200);
  const error = thrownBy(() => mountFilesystemSync(null, place.directory('t'), 'tmpfs', { parameters }));
  expect(error).toMatchObject({ syscall: 'fsconfig', kernelLog: expect.stringMatching(/Unknown parameter '/) });
});

test('mountFilesystem rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { stdout, stderr } = await runNode(
    `import { mountFilesystem, mountFilesystemSync } from 'linux-mount';
     for (const form of [mountFilesystemSync, mountFilesystem])
       try { await form(null, process.argv[1], 'tmpfs', { parameters: { password: 'hush' } }); }
       catch ({ code, reason }) { console.log(code, reason); }`,
    { args: [place.directory('t')], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(EPERM this process lacks CAP_SYS_ADMIN: .*\n){2}$/);
});

test.for(['hunter2', 'pid,hunter2'])(
  'a MountError hides a parameter value that the kernel repeats in its log: %s',
  async (subset, { place, skip }) => {
    skip(lacksFsconfig !== undefined, lacksFsconfig);
    const target = place.directory('t');
    const attempts = [
      () => mountFilesystem('proc', target, 'proc', { parameters: { subset }, strategy: 'fsconfig' }),
      () => detachedFilesystem('proc', 'proc', { parameters: { subset } }),
    ];
    for (const attempt of attempts) {
      const error = (await rejectionOf(attempt())) as MountError;
      skip(error.code === 'EPERM', 'no proc may be mounted here');
      expect(error).toMatchObject({
        code: 'EINVAL',
        kernelLog: expect.stringMatching(/unsupported subset option - …$/),
        reason: expect.stringMatching(/^the kernel reports "proc: unsupported subset option - …"/),
      });
      expect(JSON.stringify([error.message, error.stack, { ...error }])).not.toContain('hunter2');
    }
  },
);

test('no error contains the value of a parameter, whatever the cause of the failure', async ({ place }) => {
  const secret = 'hush-hush';
  const target = place.directory('t');
  const attempts: readonly (readonly [string, FilesystemOptions['parameters'], string?])[] = [
    [target, { password: secret }],
    [target, { password: `${secret},` }],
    [target, { size: secret }],
    [target, { password: secret.repeat(500) }],
    [target, { password: Buffer.from(secret) }],
    [`${target}/missing`, { password: secret }],
    [target, { password: `${secret}\0` }],
    [target, { password: secret }, 'ext4'],
    [target, { password: secret }, 'nofs'],
  ];
  for (const [where, parameters, type = 'tmpfs'] of attempts) {
    for (const strategy of ['data', 'fsconfig', undefined] as const) {
      const options = { ...(strategy === undefined ? {} : { strategy }), ...(parameters && { parameters }) };
      const error = thrownBy(() => mountFilesystemSync('/dev/null', where, type, options)) as Error;
      const all = [error.message, error.stack, JSON.stringify({ ...error }), String(error.cause)].join('\n');
      expect(all).not.toContain(secret);
    }
  }
  expect(tableEntry(target)).toBeUndefined();
});
