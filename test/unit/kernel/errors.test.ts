// Tests of errno names, of MountError, and of how messages print paths.
import { constants as os } from 'node:os';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeErrno } from '../../../lib/kernel/errno.js';
import { MountError, printable } from '../../../lib/kernel/errors.js';

describe('describeErrno', () => {
  test('describeErrno returns the same name as Node.js for every errno that Node.js knows', () => {
    const names = Object.entries(os.errno).filter(
      ([name]) => !['EWOULDBLOCK', 'EOPNOTSUPP', 'EDEADLOCK'].includes(name),
    );
    const wrong = names.filter(([name, errno]) => {
      const found = describeErrno(errno).name;
      return found !== name && !found.startsWith('Unknown system error');
    });
    expect(wrong).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
  });

  test.each([
    [15, 'ENOTBLK', 'block device required'],
    [16, 'EBUSY', 'resource busy or locked'],
    [66, 'EREMOTE', 'object is remote'],
    [116, 'ESTALE', 'stale file handle'],
    [117, 'EUCLEAN', 'structure needs cleaning'],
    [122, 'EDQUOT', 'disk quota exceeded'],
    [123, 'ENOMEDIUM', 'no medium found'],
    [124, 'EMEDIUMTYPE', 'wrong medium type'],
    [126, 'ENOKEY', 'required key not available'],
  ])('describeErrno(%i) returns %s', (errno, name, message) => {
    expect(describeErrno(errno)).toEqual({ name, message });
  });

  test('describeErrno puts the number into the name of an unknown errno', () => {
    expect(describeErrno(4000).name).toBe('Unknown system error 4000');
  });
});

describe('MountError', () => {
  const error = new MountError({
    errno: 22,
    syscall: 'mount',
    path: 'overlay',
    dest: '/merged',
    fsType: 'overlay',
    flags: 'MS_RDONLY',
    step: 'mount',
    reason: 'workdir /w and upperdir /u are on different filesystems',
  });

  test('the message of a MountError has the form of a node:fs error and ends with the reason', () => {
    expect(error.message).toBe(
      "EINVAL: invalid argument, mount 'overlay' -> '/merged': workdir /w and upperdir /u are on different filesystems",
    );
    expect(String(error)).toBe(`MountError: ${error.message}`);
    expect(error.stack).toMatch(/^MountError: EINVAL: .*\n {4}at /);
  });

  test('a MountError has the properties that the public contract names', () => {
    expect(error).toBeInstanceOf(Error);
    expect({ ...error }).toEqual({
      code: 'EINVAL',
      errno: -22,
      syscall: 'mount',
      path: 'overlay',
      dest: '/merged',
      fsType: 'overlay',
      flags: 'MS_RDONLY',
      step: 'mount',
      reason: 'workdir /w and upperdir /u are on different filesystems',
    });
  });

  test('a MountError has no property for a value that was not given', () => {
    const bare = new MountError({ errno: 1, syscall: 'umount2', path: '/a' });
    expect(Object.keys(bare)).toEqual(['code', 'errno', 'syscall', 'path']);
    expect(bare.message).toBe("EPERM: operation not permitted, umount2 '/a'");
    expect(inspect(bare)).not.toContain('undefined');
  });

  test('the message of a MountError names the mounts that could not be undone', () => {
    const half = new MountError({ errno: 1, syscall: 'mount', path: '/a', dest: '/b', left: ["'/b'"] });
    expect(half.message).toBe("EPERM: operation not permitted, mount '/a' -> '/b' (could not be undone: '/b')");
    expect(half.left).toEqual(["'/b'"]);
  });
});

test.each([
  ['/a b', "'/a b'"],
  ['/a\nb\x7f', "'/a\\x0ab\\x7f'"],
  ['/ü', "'/ü'"],
  [Buffer.from('/ü'), "'/ü'"],
  [Buffer.from([0x2f, 0xff, 0x0a]), "'/\\xff\\x0a'"],
])('printable(%j) returns the path on one line with special bytes escaped', (path, expected) => {
  expect(printable(path)).toBe(expected);
});
