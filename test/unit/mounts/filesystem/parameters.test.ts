// Tests of filesystem parameters: words for fsconfig(2), and the option string for mount(2).
import { describe, expect, test } from 'vitest';
import { pageSize } from '../../../../lib/kernel/native.js';
import { parameterWords, refuseLong } from '../../../../lib/mounts/filesystem/parameters.js';
import { detachedBuffer, thrownBy } from '../../../support/values.js';

const words = (value: unknown) => parameterWords('options.parameters', value);

test.for<[string, unknown, readonly (string | Buffer)[], string | Buffer | null]>([
  ['undefined', undefined, [], ''],
  ['no parameters', {}, [], ''],
  [
    'words and values',
    { size: '1m', noswap: true, nr_inodes: 7 },
    ['size=1m', 'noswap', 'nr_inodes=7'],
    'size=1m,noswap,nr_inodes=7',
  ],
  ['false and undefined values', { a: false, b: undefined, c: true }, ['c'], 'c'],
  ['an empty value', { a: '' }, ['a='], 'a='],
  ['zero and a negative number', { a: 0, b: -1 }, ['a=0', 'b=-1'], 'a=0,b=-1'],
  ['an equals sign in a value', { a: 'b=c' }, ['a=b=c'], 'a=b=c'],
  ['a comma in a value', { a: 'b,c', d: true }, ['a=b,c', 'd'], null],
  [
    'bytes',
    { a: Buffer.from('\xff', 'latin1'), b: true },
    [Buffer.from('a=\xff', 'latin1'), 'b'],
    Buffer.from('a=\xff,b', 'latin1'),
  ],
  ['bytes with a comma', { a: Buffer.from(',') }, [Buffer.from('a=,')], null],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), ['a=1'], 'a=1'],
  ['256 bytes that fit into a string', { a: 'x'.repeat(256) }, [`a=${'x'.repeat(256)}`], `a=${'x'.repeat(256)}`],
])('parameterWords returns the words and the option string of %s', ([_name, value, expected, data]) => {
  expect(words(value)).toEqual({ words: expected, data });
});

test('parameterWords returns an option string of up to a page minus one byte, and no longer option string', () => {
  const value = 'x'.repeat(200);
  const fill = (bytes: number) => {
    const parameters: Record<string, string> = {};
    let rest = bytes;
    for (let index = 0; rest > 400; index += 1) {
      parameters[`k${String(index).padStart(3, '0')}`] = value;
      rest -= 4 + 1 + 200 + 1;
    }
    parameters['z'] = 'y'.repeat(Math.min(rest, 250) - 2);
    if (rest > 250) parameters['zz'] = 'y'.repeat(rest - 250 - 1 - 3);
    return parameters;
  };
  expect(Buffer.byteLength(words(fill(pageSize - 1)).data ?? '')).toBe(pageSize - 1);
  expect(words(fill(pageSize)).data).toBeNull();
});

test('parameterWords measures a value in bytes, not in characters', () => {
  expect(thrownBy(() => words({ a: '→'.repeat(86), b: 'x,y' }))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(words({ a: '→'.repeat(85), b: 'x,y' }).data).toBeNull();
});

describe('rejected parameters', () => {
  const secret = 'hush';
  test.for<[string, unknown, string]>([
    ['text', secret, 'ERR_INVALID_ARG_TYPE'],
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['an array', [secret], 'ERR_INVALID_ARG_TYPE'],
    ['a Map', new Map([['a', secret]]), 'ERR_INVALID_ARG_TYPE'],
    ['bytes', Buffer.from(secret), 'ERR_INVALID_ARG_TYPE'],
    ['a value that is null', { a: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a value that is an object', { a: { secret } }, 'ERR_INVALID_ARG_TYPE'],
    ['a value that is a bigint', { a: 1n }, 'ERR_INVALID_ARG_TYPE'],
    ['a NUL in a value', { a: `${secret}\0` }, 'ERR_INVALID_ARG_VALUE'],
    ['a NUL in bytes', { a: Buffer.from(`${secret}\0`) }, 'ERR_INVALID_ARG_VALUE'],
    ['half of a surrogate pair', { a: `${secret}\ud800` }, 'ERR_INVALID_ARG_VALUE'],
    ['an empty name', { '': secret }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a comma', { 'a,b': secret }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with an equals sign', { 'a=b': secret }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with a NUL', { 'a\0': secret }, 'ERR_INVALID_ARG_VALUE'],
    ['a name with half of a surrogate pair', { 'a\ud800': secret }, 'ERR_INVALID_ARG_VALUE'],
    ['a fraction', { a: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ['NaN', { a: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    ['a detached Buffer', { a: detachedBuffer() }, 'ERR_INVALID_ARG_VALUE'],
    ['more than 255 bytes, with a comma elsewhere', { a: secret.repeat(64), b: ',' }, 'ERR_INVALID_ARG_VALUE'],
    ['more than 255 bytes, with a comma in them', { a: `${secret.repeat(64)},` }, 'ERR_INVALID_ARG_VALUE'],
    ['more than a page in one value', { a: secret.repeat(pageSize) }, 'ERR_INVALID_ARG_VALUE'],
  ])('parameterWords rejects %s and does not show the value in the message', ([_name, value, code]) => {
    const error = thrownBy(() => words(value)) as Error;
    expect(error).toMatchObject({ code });
    expect(error.message).toContain('options.parameters');
    expect(error.message).not.toContain(secret);
  });

  test.for([2 ** 60, 0.125])('parameterWords rejects the number %s without its value in the message', (number) => {
    const error = thrownBy(() => words({ password: number })) as Error;
    expect(error.message).toBe('The value of "options.parameters.password" is out of range. It must be an integer');
  });

  test('refuseLong rejects a value of more than 255 bytes, the limit of fsconfig(2), and does not show the value', () => {
    const error = thrownBy(() => refuseLong('parameters', [`password=${'hush'.repeat(64)}`], 'it must')) as Error;
    expect(error.message).toMatch(/"parameters\.password" property must be at most 255 bytes.*, because it must$/);
    expect(error.message).not.toContain('hush');
    refuseLong('parameters', ['a', `b=${'x'.repeat(255)}`, Buffer.from(`c=${'x'.repeat(255)}`)], 'it must');
  });
});
