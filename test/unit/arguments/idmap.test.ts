// Tests of the checks of `idmap` options.
import { describe, expect, test } from 'vitest';
import { idMapArgument, idMapTexts, NO_ID_MAP } from '../../../lib/arguments/idmap.js';
import { thrownBy } from '../../support/values.js';

const range = (inside: number, outside: number, count = 1) => ({ inside, outside, count });
const map = (value: unknown) => idMapArgument('options.idmap', value);

test('idMapArgument returns NO_ID_MAP when no map is given', () => {
  expect(map(undefined)).toBe(NO_ID_MAP);
});

test.for<[string, unknown, readonly unknown[]]>([
  [
    'ranges',
    { uid: [range(0, 100_000, 65_536), range(65_536, 0)], gid: [range(5, 6)] },
    [null, '0 100000 65536\n65536 0 1\n', '5 6 1\n'],
  ],
  [
    'an owner that appears as another owner',
    { owner: { uid: 1000, gid: 100 }, appearsAs: { uid: 0, gid: 1 } },
    [null, '1000 0 1\n', '100 1 1\n'],
  ],
  ['the user namespace of a process', { userNamespace: { pid: 42 } }, ['/proc/42/ns/user', null, null]],
  ['the descriptor of a user namespace', { userNamespace: { fd: 7 } }, [7, null, null]],
  ['the path of a user namespace', { userNamespace: { path: '/run/ns' } }, ['/run/ns', null, null]],
  [
    'the largest user ID',
    { uid: [range(0xffff_fffe, 0xffff_fffe)], gid: [range(0, 0, 0xffff_ffff - 1)] },
    [null, '4294967294 4294967294 1\n', '0 0 4294967294\n'],
  ],
  [
    '340 ranges',
    { uid: Array.from({ length: 340 }, (_, index) => range(index, index)), gid: [range(0, 0)] },
    [null, expect.stringMatching(/^0 0 1\n.*339 339 1\n$/s), '0 0 1\n'],
  ],
])('idMapArgument accepts %s', ([_name, value, expected]) => {
  const { userNamespace, uidMap, gidMap } = map(value);
  expect([userNamespace, uidMap, gidMap]).toEqual(expected);
});

test('idMapTexts returns the two texts that the addon expects for an idmapped overlay layer', () => {
  expect(idMapTexts(map({ uid: [range(1, 2)], gid: [range(3, 4)] }))).toEqual(['1 2 1\n', '3 4 1\n']);
  expect(idMapTexts(map({ userNamespace: { fd: 7 } }))).toEqual(['/proc/self/fd/7', '']);
  expect(idMapTexts(map({ userNamespace: { pid: 1 } }))).toEqual(['/proc/1/ns/user', '']);
});

describe('idMapArgument errors', () => {
  const ids = { uid: 0, gid: 0 };
  test.for<[string, unknown, string]>([
    ['text', '0:1:1', 'ERR_INVALID_ARG_TYPE'],
    ['an empty object', {}, 'ERR_INVALID_ARG_VALUE'],
    [
      'two forms at once',
      { uid: [range(0, 0)], gid: [range(0, 0)], userNamespace: { pid: 1 } },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['an unknown property', { uids: [] }, 'ERR_INVALID_ARG_VALUE'],
    ['uid without gid', { uid: [range(0, 0)] }, 'ERR_INVALID_ARG_TYPE'],
    ['owner without appearsAs', { owner: ids }, 'ERR_INVALID_ARG_TYPE'],
    ['appearsAs without owner', { appearsAs: ids }, 'ERR_INVALID_ARG_TYPE'],
    ['an owner without gid', { owner: { uid: 0 }, appearsAs: ids }, 'ERR_INVALID_ARG_TYPE'],
    ['an owner with a name', { owner: { uid: 'root', gid: 0 }, appearsAs: ids }, 'ERR_INVALID_ARG_TYPE'],
    [
      'a hole among ranges',
      { uid: Object.assign(Array(3), { 0: range(0, 0), 2: range(1, 1) }), gid: [range(0, 0)] },
      'ERR_INVALID_ARG_TYPE',
    ],
    ['no range', { uid: [], gid: [range(0, 0)] }, 'ERR_INVALID_ARG_VALUE'],
    [
      '341 ranges',
      { uid: Array.from({ length: 341 }, (_, i) => range(i, i)), gid: [range(0, 0)] },
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'a range with unknown properties',
      { uid: [{ from: 0, to: 0, count: 1 }], gid: [range(0, 0)] },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a count of 0', { uid: [range(0, 0, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a negative ID', { uid: [range(-1, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a fraction', { uid: [range(0.5, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['the invalid ID 4294967295', { uid: [range(0xffff_ffff, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a range beyond the largest ID', { uid: [range(0xffff_fffe, 0, 2)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    [
      'overlapping ranges of inside IDs',
      { uid: [range(0, 0, 10), range(9, 50)], gid: [range(0, 0)] },
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'overlapping ranges of outside IDs',
      { gid: [range(0, 0, 10), range(50, 9)], uid: [range(0, 0)] },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a user namespace without pid, fd or path', { userNamespace: {} }, 'ERR_INVALID_ARG_VALUE'],
    ['a user namespace with both pid and fd', { userNamespace: { pid: 1, fd: 1 } }, 'ERR_INVALID_ARG_VALUE'],
    ['a pid of 0', { userNamespace: { pid: 0 } }, 'ERR_OUT_OF_RANGE'],
  ])('idMapArgument rejects %s', ([_name, value, code]) => {
    expect(thrownBy(() => map(value))).toMatchObject({ code, message: expect.stringContaining('options.idmap') });
  });
});
