// Tests umount() and umountSync() with flags, the calls that map directly to umount2(2).
import { closeSync, openSync, symlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { constants, MountError, mountSync, umount, umountSync } from '../../../lib/index.js';
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { detachedBuffer, rejectionOf } from '../../support/values.js';

const forms = [
  ['umountSync', umountSync as (...call: Parameters<typeof umount>) => unknown],
  ['umount', umount],
] as const;

describe.each(forms)('%s', (_, doUmount) => {
  const failure = async (...call: Parameters<typeof umount>) => rejectionOf((async () => doUmount(...call))());

  test('umount unmounts only the topmost mount at the target', async ({ place }) => {
    const target = place.directory('t');
    mountSync('below', target, 'tmpfs');
    mountSync('above', target, 'tmpfs');
    await doUmount(target);
    expect(tableEntry(target)?.source).toBe('below');
    await doUmount(Buffer.from(target), 0);
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount rejects with EINVAL and a reason when the target is not a mount point', async ({ place }) => {
    const target = place.directory('t');
    const error = await failure(target);
    expect(error).toBeInstanceOf(MountError);
    expect({ ...(error as object) }).toEqual({
      code: 'EINVAL',
      errno: -22,
      syscall: 'umount2',
      step: 'unmount',
      path: target,
      flags: '0',
      reason: `'${target}' is not a mount point, but a path on the mount at '${place.root}' (tmpfs): name a mount point`,
    });
    const { reason, message } = error as MountError;
    expect(message).toBe(`EINVAL: invalid argument, umount2 '${target}': ${reason}`);
  });

  test('umount rejects with EBUSY while a file is open, and MNT_DETACH detaches the busy mount', async ({ place }) => {
    const target = place.directory('t');
    mountSync('x', target, 'tmpfs');
    const file = openSync(`${target}/open`, 'w');
    try {
      expect(await failure(target)).toMatchObject({ code: 'EBUSY', errno: -16 });
      expect(tableEntry(target)).toBeDefined();
      await doUmount(target, constants.MNT_DETACH);
      expect(tableEntry(target)).toBeUndefined();
    } finally {
      closeSync(file);
    }
  });

  test('umount with UMOUNT_NOFOLLOW rejects with EINVAL when the target is a symbolic link', async ({ place }) => {
    const target = place.directory('t');
    symlinkSync('t', place.path('link'));
    mountSync('x', target, 'tmpfs');
    const error = await failure(place.path('link'), constants.UMOUNT_NOFOLLOW);
    expect(error).toMatchObject({ code: 'EINVAL', flags: 'UMOUNT_NOFOLLOW' });
    await doUmount(place.path('link'));
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount with MNT_EXPIRE rejects with EAGAIN at first and unmounts at the second call', async ({ place }) => {
    const target = place.directory('t');
    mountSync('x', target, 'tmpfs');
    expect(await failure(target, constants.MNT_EXPIRE)).toMatchObject({ code: 'EAGAIN' });
    await doUmount(target, constants.MNT_EXPIRE);
    expect(tableEntry(target)).toBeUndefined();
  });

  test('umount passes an unknown flag to the kernel, which refuses it with EINVAL', async ({ place }) => {
    expect(await failure(place.directory('t'), 0x8000_0000)).toMatchObject({ code: 'EINVAL', flags: '0x80000000' });
  });

  test.for<[string, unknown[], string]>([
    ['a missing target', [], 'ERR_INVALID_ARG_TYPE'],
    ['a target that is a number', [1], 'ERR_INVALID_ARG_TYPE'],
    ['a target that is a Symbol', [Symbol('x')], 'ERR_INVALID_ARG_TYPE'],
    ['a target with a NUL character', ['/t\0'], 'ERR_INVALID_ARG_VALUE'],
    ['a detached buffer', [detachedBuffer()], 'ERR_INVALID_ARG_VALUE'],
    ['flags of 1.5', ['/t', 1.5], 'ERR_OUT_OF_RANGE'],
    ['flags of -1', ['/t', -1], 'ERR_OUT_OF_RANGE'],
    ['flags of 2 ** 53', ['/t', 2 ** 53], 'ERR_OUT_OF_RANGE'],
    ['flags that are a string', ['/t', 'MNT_DETACH'], 'ERR_INVALID_ARG_TYPE'],
  ])('umount throws or rejects with an ERR_* code for a wrong argument: %s', async ([_what, call, code]) => {
    expect(await failure(...(call as Parameters<typeof umount>))).toMatchObject({ code });
  });
});
