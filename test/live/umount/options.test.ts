// Tests the options of umount() and of unmount() of handles: lazy, force, expire, noFollow, stack, and refused options.
import { closeSync, openSync, symlinkSync } from 'node:fs';
import { constants as os } from 'node:os';
import { describe, expect, test as plainTest } from 'vitest';
import {
  constants,
  type MountError,
  mountBindSync,
  mountOverlaySync,
  mountSync,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { inChroot, runNode } from '../../support/child.js';
import { addonFile, lacks, projectRoot } from '../../support/environment.js';
import { lacksForce, lacksOverlay } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

const forms = [
  ['umountSync', umountSync as (...call: Parameters<typeof umount>) => unknown],
  ['umount', umount],
] as const;

describe.each(forms)('%s', (_, doUmount) => {
  const failure = async (...call: Parameters<typeof umount>) => rejectionOf((async () => doUmount(...call))());
  const stackAt = (path: string) => mountTable().filter(({ mountPoint }) => mountPoint === path);

  test('umount with lazy detaches a busy mount and every mount below it', async ({ place }) => {
    const target = place.directory('t');
    mountSync('x', target, 'tmpfs');
    mountSync('y', place.directory('t/below'), 'tmpfs');
    const file = openSync(`${target}/open`, 'w');
    expect(await failure(target)).toMatchObject({ code: 'EBUSY' });
    await doUmount(target, { lazy: true });
    expect(mountTable().filter(({ mountPoint }) => mountPoint.startsWith(target))).toEqual([]);
    closeSync(file);
  });

  test('umount with force passes MNT_FORCE to the kernel', async ({ place, skip }) => {
    const why = lacksForce(place);
    skip(why !== undefined, why);
    const target = place.directory('t');
    expect(await failure(target, { force: true, lazy: true })).toMatchObject({ flags: 'MNT_FORCE|MNT_DETACH' });
    mountSync('x', target, 'tmpfs');
    await doUmount(target, { force: true });
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount with expire rejects with EAGAIN, and unmounts at the next call if the mount stays unused', async ({
    place,
  }) => {
    const target = place.directory('t');
    mountSync('x', target, 'tmpfs');
    const marked = await failure(target, { expire: true });
    expect(marked).toMatchObject({ code: 'EAGAIN', flags: 'MNT_EXPIRE' });
    expect((marked as MountError).reason).toContain('is marked as expired and still mounted');
    closeSync(openSync(`${target}/use`, 'w'));
    expect(await failure(target, { expire: true })).toMatchObject({ code: 'EAGAIN' });
    await doUmount(target, { expire: true });
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount with noFollow rejects with EINVAL and names the symbolic link and its destination', async ({
    place,
  }) => {
    const target = place.directory('t');
    symlinkSync('t', place.path('link'));
    mountSync('x', target, 'tmpfs');
    expect(await failure(place.path('link'), { noFollow: true })).toMatchObject({
      code: 'EINVAL',
      reason: `'${place.path('link')}' is a symbolic link to 't', which noFollow (UMOUNT_NOFOLLOW) forbids: give the path of the mount point itself`,
    });
    await doUmount(target, { noFollow: true });
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount with stack unmounts every mount of the stack at the target, and no other mount', async ({ place }) => {
    const target = place.directory('t');
    mountSync('outside', place.directory('t2'), 'tmpfs');
    for (const name of ['a', 'b', 'c']) mountSync(name, target, 'tmpfs');
    await doUmount(target, { stack: true });
    expect(stackAt(target)).toEqual([]);
    expect(stackAt(place.path('t2'))).toHaveLength(1);
    expect(await failure(target, { stack: true })).toMatchObject({ code: 'EINVAL' });
  });

  test('umount with stack and lazy unmounts every mount of the stack at the target', async ({ place }) => {
    const target = place.directory('t');
    for (const name of ['a', 'b']) mountSync(name, target, 'tmpfs');
    await doUmount(target, { stack: true, lazy: true });
    expect(stackAt(target)).toEqual([]);
  });

  test('umount with stack rejects with EBUSY for a busy stack and lists the mounts in error.left', async ({
    place,
  }) => {
    const target = place.directory('t');
    mountSync('below', target, 'tmpfs');
    mountSync('x', place.directory('t/sub'), 'tmpfs');
    mountSync('above', target, 'tmpfs');
    const error = (await failure(target, { stack: true })) as MountError;
    expect(error).toMatchObject({ code: 'EBUSY', path: target, left: [`'${target}'`] });
    expect(error.reason).toContain(`; '${target}' is unmounted`);
    expect(error.message).toContain(`(still mounted: '${target}')`);
    expect(stackAt(target).map(({ source }) => source)).toEqual(['below']);
    await doUmount(target, { stack: true, recursive: true });
    expect(stackAt(target)).toEqual([]);
  });

  test.for([
    ['flags that do not exist', 0x8000_0000, 'umount2 has no flags 0x80000000'],
    ['flags that exclude each other', constants.MNT_EXPIRE | constants.MNT_FORCE, 'MNT_EXPIRE cannot be combined with'],
    ['a target that is no mount point', 0, 'is not a mount point, but a path on the mount at'],
  ] as const)(
    'umount rejects with EINVAL and a reason that names the cause: %s',
    async ([_name, flags, reason], { place }) => {
      const error = await failure(place.directory('t'), flags);
      expect(error).toMatchObject({ code: 'EINVAL' });
      expect((error as MountError).reason).toContain(reason);
    },
  );

  test('umount rejects with ENOENT when the target does not exist', async ({ place }) => {
    for (const options of [{}, { recursive: true }]) {
      const error = await failure(place.path('missing'), options);
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'umount2' });
      expect((error as MountError).reason).toContain('does not exist');
    }
  });

  plainTest('umount of the root directory of the process rejects and leaves every mount as it was', async () => {
    const before = mountTable();
    for (const options of [0, {}, { force: true }, { recursive: true }, { stack: true, recursive: true }]) {
      const error = await failure('/', options);
      // The kernel reports EINVAL if the root directory is not a mount point.
      expect((error as MountError).code).toMatch(/^(EBUSY|EINVAL)$/);
    }
    expect(mountTable()).toEqual(before);
  });

  plainTest.for<[string, unknown, string]>([
    ['a mistyped option', { lazzy: true }, 'ERR_INVALID_ARG_VALUE'],
    ['a flag that is not a boolean', { lazy: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['a string', 'lazy', 'ERR_INVALID_ARG_TYPE'],
    ['expire and force', { expire: true, force: true }, 'ERR_INVALID_ARG_VALUE'],
    ['expire and lazy', { expire: true, lazy: true }, 'ERR_INVALID_ARG_VALUE'],
    ['expire and recursive', { expire: true, recursive: true }, 'ERR_INVALID_ARG_VALUE'],
    ['lazy and retry', { lazy: true, retry: { for: 1 } }, 'ERR_INVALID_ARG_VALUE'],
    ['lazy and then', { lazy: true, then: 'force' }, 'ERR_INVALID_ARG_VALUE'],
    ['force and then force', { force: true, then: 'force' }, 'ERR_INVALID_ARG_VALUE'],
    ['an unknown then', { then: 'expire' }, 'ERR_INVALID_ARG_VALUE'],
    ['a number as retry', { retry: 100 }, 'ERR_INVALID_ARG_TYPE'],
    ['retry without a time', { retry: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['a negative time', { retry: { for: -1 } }, 'ERR_OUT_OF_RANGE'],
    ['a time that is NaN', { retry: { for: Number.NaN } }, 'ERR_OUT_OF_RANGE'],
    ['a mistyped option of retry', { retry: { for: 1, every: 1 } }, 'ERR_INVALID_ARG_VALUE'],
    ['a signal that is not an AbortSignal', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
  ])(
    'umount throws or rejects with an ERR_* code for a wrong option, before it calls the kernel: %s',
    async ([_name, options, code]) => {
      expect(await failure('/missing', options as number)).toMatchObject({ code });
    },
  );
});

plainTest('umountSync throws ERR_INVALID_ARG_VALUE for a signal', () => {
  const { signal } = new AbortController();
  for (const options of [{ signal }, { retry: { for: 1, signal } }]) {
    expect(thrownBy(() => umountSync('/missing', options))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  }
});

test('unmountSync() of a recursive bind throws for the option expire, and names only that option', ({ place }) => {
  const [source, target] = [place.directory('a'), place.directory('m')];
  using mount = mountBindSync(source, target, { recursive: true });
  expect(thrownBy(() => mount.unmountSync({ expire: true }))).toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
    message: expect.stringMatching(/^The "options.expire" property cannot expire the mount of a handle/),
  });
});

test('unmount() of a handle throws or rejects for options that would affect other mounts', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const spec = { lower: [place.directory('a'), place.directory('b')], target: place.directory('m') };
  const mount = mountOverlaySync(spec);
  const never = [{ stack: true }, { expire: true }, constants.MNT_EXPIRE];
  for (const options of never) {
    expect(thrownBy(() => mount.unmountSync(options))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(await rejectionOf(mount.unmount(options))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  }
  const cannot = {
    message: expect.stringMatching(/^The "options.expire" property cannot expire the mount of a handle/),
  };
  expect(thrownBy(() => mount.unmountSync({ recursive: true, expire: true }))).toMatchObject(cannot);
  mountSync('over', spec.target, 'tmpfs');
  for (const options of [{ recursive: true }, { lazy: true }]) {
    expect(await rejectionOf(mount.unmount(options))).toMatchObject({ code: 'EINVAL', step: 'identify' });
  }
  umountSync(spec.target);
  mount.unmountSync({ recursive: true, noFollow: true });
  expect(tableEntry(spec.target)).toBeUndefined();
});

test('umount with the unique mount ID of the process root fails with EBUSY, and the root stays writable', async ({
  place,
  skip,
}) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const program = `
    import { writeFileSync } from 'node:fs';
    import load from '${projectRoot}/dist/kernel/addon/load.js';
    const addon = load.loadAddon('${addonFile}', '');
    const umountWithId = (id) => addon.umountSync('/', null, 0, 0, 0, id, null, null);
    const { mountId } = umountWithId(1n);
    const { error, step } = umountWithId(mountId);
    writeFileSync('/written', '');
    console.log(error, step);`;
  const { stdout, stderr } = await runNode(program, { wrapper: inChroot(place.directory('root'), true) });
  expect({ stdout, stderr }).toEqual({ stdout: `${os.errno.EBUSY} check root\n`, stderr: '' });
});
