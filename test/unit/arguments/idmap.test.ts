import { describe, expect, test } from 'vitest';
import { idMapArgument, idMapTexts, NO_ID_MAP } from '../../../lib/arguments/idmap.js';
import { thrownBy } from '../../support/values.js';

const range = (inside: number, outside: number, count = 1) => ({ inside, outside, count });
const map = (value: unknown) => idMapArgument('options.idmap', value);

test('nothing is no map', () => {
  expect(map(undefined)).toBe(NO_ID_MAP);
});

test.for<[string, unknown, readonly unknown[]]>([
  [
    'ranges',
    { uid: [range(0, 100_000, 65_536), range(65_536, 0)], gid: [range(5, 6)] },
    [null, '0 100000 65536\n65536 0 1\n', '5 6 1\n'],
  ],
  [
    'one owner as another',
    { owner: { uid: 1000, gid: 100 }, appearsAs: { uid: 0, gid: 1 } },
    [null, '1000 0 1\n', '100 1 1\n'],
  ],
  ['a namespace of a process', { userNamespace: { pid: 42 } }, ['/proc/42/ns/user', null, null]],
  ['an open namespace', { userNamespace: { fd: 7 } }, [7, null, null]],
  ['the file of a namespace', { userNamespace: { path: '/run/ns' } }, ['/run/ns', null, null]],
  [
    'the last id',
    { uid: [range(0xffff_fffe, 0xffff_fffe)], gid: [range(0, 0, 0xffff_ffff - 1)] },
    [null, '4294967294 4294967294 1\n', '0 0 4294967294\n'],
  ],
  [
    '340 ranges',
    { uid: Array.from({ length: 340 }, (_, index) => range(index, index)), gid: [range(0, 0)] },
    [null, expect.stringMatching(/^0 0 1\n.*339 339 1\n$/s), '0 0 1\n'],
  ],
])('%s', ([_name, value, expected]) => {
  const { userNamespace, uidMap, gidMap } = map(value);
  expect([userNamespace, uidMap, gidMap]).toEqual(expected);
});

test('as text, for a layer', () => {
  expect(idMapTexts(map({ uid: [range(1, 2)], gid: [range(3, 4)] }))).toEqual(['1 2 1\n', '3 4 1\n']);
  expect(idMapTexts(map({ userNamespace: { fd: 7 } }))).toEqual(['/proc/self/fd/7', '']);
  expect(idMapTexts(map({ userNamespace: { pid: 1 } }))).toEqual(['/proc/1/ns/user', '']);
});

describe('refuses', () => {
  const ids = { uid: 0, gid: 0 };
  test.for<[string, unknown, string]>([
    ['text', '0:1:1', 'ERR_INVALID_ARG_TYPE'],
    ['nothing in it', {}, 'ERR_INVALID_ARG_VALUE'],
    [
      'two forms at once',
      { uid: [range(0, 0)], gid: [range(0, 0)], userNamespace: { pid: 1 } },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['an unknown name', { uids: [] }, 'ERR_INVALID_ARG_VALUE'],
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
    ['a range with another name', { uid: [{ from: 0, to: 0, count: 1 }], gid: [range(0, 0)] }, 'ERR_INVALID_ARG_VALUE'],
    ['a count of 0', { uid: [range(0, 0, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a negative id', { uid: [range(-1, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a fraction', { uid: [range(0.5, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['the id that is none', { uid: [range(0xffff_ffff, 0)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['a range that goes beyond', { uid: [range(0xffff_fffe, 0, 2)], gid: [range(0, 0)] }, 'ERR_OUT_OF_RANGE'],
    ['insides that overlap', { uid: [range(0, 0, 10), range(9, 50)], gid: [range(0, 0)] }, 'ERR_INVALID_ARG_VALUE'],
    ['outsides that overlap', { gid: [range(0, 0, 10), range(50, 9)], uid: [range(0, 0)] }, 'ERR_INVALID_ARG_VALUE'],
    ['no namespace', { userNamespace: {} }, 'ERR_INVALID_ARG_VALUE'],
    ['two namespaces', { userNamespace: { pid: 1, fd: 1 } }, 'ERR_INVALID_ARG_VALUE'],
    ['a pid of 0', { userNamespace: { pid: 0 } }, 'ERR_OUT_OF_RANGE'],
  ])('%s', ([_name, value, code]) => {
    expect(thrownBy(() => map(value))).toMatchObject({ code, message: expect.stringContaining('options.idmap') });
  });
});
