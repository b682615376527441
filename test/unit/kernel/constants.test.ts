// Compares the constants with the kernel headers and the man pages.
import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { pageSize } from '../../../lib/index.js';
import { attributeFlagNames, constants, mountFlagNames, umountFlagNames } from '../../../lib/kernel/constants.js';

test("constants have the values of this machine's kernel headers", (context) => {
  context.skip(spawnSync('cc', ['--version']).error !== undefined, 'this machine has no C compiler');
  const lines = Object.keys(constants).map((name) =>
    // MNT_* and UMOUNT_NOFOLLOW are enumerators in the C library. The #ifdef leaves out an unknown macro.
    name.startsWith('M') && !name.startsWith('MNT') ? `#ifdef ${name}\n${name} = ${name};\n#endif` : '',
  );
  const text = execFileSync('cc', ['-E', '-P', '-x', 'c', '-'], {
    input: `#include <linux/mount.h>\nint BEGIN;\n${lines.join('\n').replace(/^(\w+) =/gm, '"$1" =')}\n`,
    encoding: 'utf8',
  });
  const values = [...text.slice(text.indexOf('BEGIN')).matchAll(/"(\w+)" = (.*);/g)].map(([, name, value]) => [
    name,
    // The integer expressions of the headers, such as 0x20, 4096 and (1<<16), are also JavaScript.
    Number(new Function(`return ${value}`)()),
  ]);
  expect(values.length).toBeGreaterThan(25);
  expect(constants).toMatchObject(Object.fromEntries(values));
});

test('the constants of umount2 have the values that umount(2) documents', () => {
  expect(constants).toMatchObject({ MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 });
});

test('the constants object is frozen', () => {
  expect(Object.isFrozen(constants)).toBe(true);
});

test.each([
  [0, '0'],
  [1, 'MS_RDONLY'],
  [4097, 'MS_RDONLY|MS_BIND'],
  [0x8000_0001, 'MS_RDONLY|0x80000000'],
])('mountFlagNames(%i) is %s', (flags, names) => {
  expect(mountFlagNames(flags)).toBe(names);
});

test('umountFlagNames returns the names of the umount2 flags', () => {
  expect(umountFlagNames(10)).toBe('MNT_DETACH|UMOUNT_NOFOLLOW');
});

test.each([
  [0, '0'],
  [0x21, 'MOUNT_ATTR_RDONLY|MOUNT_ATTR_STRICTATIME'],
  [0x30, 'MOUNT_ATTR_NOATIME|MOUNT_ATTR_STRICTATIME'],
  [0x71, 'MOUNT_ATTR_RDONLY|MOUNT_ATTR__ATIME'],
  [0x4000_0080, 'MOUNT_ATTR_NODIRATIME|0x40000000'],
])('attributeFlagNames(%i) is %s', (flags, names) => {
  expect(attributeFlagNames(flags)).toBe(names);
});

test('pageSize equals the value that getconf PAGESIZE prints', (context) => {
  const getconf = spawnSync('getconf', ['PAGESIZE'], { encoding: 'utf8' });
  context.skip(getconf.error !== undefined, 'this machine has no getconf');
  expect(pageSize).toBe(Number(getconf.stdout));
});
