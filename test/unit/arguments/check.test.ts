// Tests of the checks of single arguments: paths, flags, data, options.
import { describe, expect, test } from 'vitest';
import {
  booleanOption,
  choiceOption,
  dataArgument,
  flagsArgument,
  nonEmptyPathArgument,
  nullableStringArgument,
  optionsArgument,
  pathArgument,
} from '../../../lib/arguments/check.js';
import { detachedBuffer } from '../../support/values.js';

const invalidType = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
const invalidValue = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', name: 'TypeError' });
const outOfRange = expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', name: 'RangeError' });

describe('pathArgument', () => {
  test.each([
    ['a string', '/a', '/a'],
    ['an empty string, which the kernel rejects', '', ''],
    ['bytes that are not UTF-8', Buffer.from([0x2f, 0xff]), Buffer.from([0x2f, 0xff])],
    ['a Uint8Array', new Uint8Array([0x2f, 0x61]), Buffer.from('/a')],
    ['a view of a SharedArrayBuffer', sharedView('/a'), Buffer.from('/a')],
    ['a file URL', new URL('file:///a%20b'), '/a b'],
    ['a file URL with a byte that is not UTF-8', new URL('file:///%61%ff'), Buffer.from([0x2f, 0x61, 0xff])],
  ])('pathArgument accepts %s', (_, value, expected) => {
    expect(pathArgument('target', value)).toEqual(expected);
  });

  test('pathArgument copies the bytes, so that a later change of the Buffer has no effect', () => {
    const bytes = Buffer.from('/a');
    const path = pathArgument('target', bytes);
    bytes.fill(0x7a);
    expect(path).toEqual(Buffer.from('/a'));
  });

  test.each([
    [1],
    [null],
    [undefined],
    [true],
    [Symbol('x')],
    [{}],
    [[]],
    [() => {}],
    [1n],
    [new Uint16Array(1)],
    [new DataView(new ArrayBuffer(1))],
  ])('pathArgument throws ERR_INVALID_ARG_TYPE for %s', (value) => {
    expect(() => pathArgument('target', value)).toThrow(invalidType);
    expect(() => pathArgument('target', value)).toThrow(
      /^The "target" argument must be of type string or an instance of/,
    );
  });

  test.each([
    ['a NUL', '/a\0b'],
    ['a NUL in bytes', Buffer.from('/a\0b')],
    ['a NUL in a URL', new URL('file:///a%00b')],
    ['a NUL and another byte in a URL', new URL('file:///a%00%ff')],
    ['half a surrogate pair', '/a\ud800'],
    ['a detached buffer', detachedBuffer()],
  ])('pathArgument throws ERR_INVALID_ARG_VALUE for %s', (_, value) => {
    expect(() => pathArgument('target', value)).toThrow(invalidValue);
  });

  test('pathArgument rejects a URL without a file path with the error codes of node:fs', () => {
    expect(() => pathArgument('target', new URL('http://host/a'))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_URL_SCHEME' }),
    );
    expect(() => pathArgument('target', new URL('file:///a%2fb'))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_FILE_URL_PATH' }),
    );
  });

  test('nonEmptyPathArgument rejects an empty string and an empty Buffer', () => {
    expect(() => nonEmptyPathArgument('spec.upper', '')).toThrow(invalidValue);
    expect(() => nonEmptyPathArgument('spec.upper', Buffer.alloc(0))).toThrow(
      /"spec.upper" property must not be empty/,
    );
  });
});

describe('flagsArgument', () => {
  test.each([[0], [1], [0xffff_ffff], [-0]])('flagsArgument accepts %s', (value) => {
    expect(flagsArgument('flags', value)).toBe(value);
  });
  test('flagsArgument returns 0 when the argument is left out', () =>
    expect(flagsArgument('flags', undefined)).toBe(0));
  test.each([[1.5], [-1], [2 ** 32], [2 ** 53], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'flagsArgument throws ERR_OUT_OF_RANGE for %s',
    (value) => {
      expect(() => flagsArgument('flags', value)).toThrow(outOfRange);
    },
  );
  test.each([['1'], [1n], [null], [{}], [Symbol('x')]])('flagsArgument throws ERR_INVALID_ARG_TYPE for %s', (value) => {
    expect(() => flagsArgument('flags', value)).toThrow(invalidType);
  });
});

describe('dataArgument', () => {
  test('dataArgument returns null for null and an empty string for an empty string', () => {
    expect(dataArgument('data', null)).toBeNull();
    expect(dataArgument('data', undefined)).toBeNull();
    expect(dataArgument('data', '')).toBe('');
  });
  test('dataArgument rejects data with a NUL, and the error message never contains the data', () => {
    expect(() => dataArgument('data', 'password=hunter2\0')).toThrow(invalidValue);
    expect(() => dataArgument('data', 'password=hunter2\0')).not.toThrow(/hunter2/);
    expect(() => dataArgument('data', { password: 'hunter2' })).not.toThrow(/hunter2/);
  });
});

test('nullableStringArgument accepts only a string or null', () => {
  expect(nullableStringArgument('fsType', null)).toBeNull();
  expect(nullableStringArgument('fsType', 'tmpfs')).toBe('tmpfs');
  expect(() => nullableStringArgument('fsType', undefined)).toThrow(invalidType);
  expect(() => nullableStringArgument('fsType', Buffer.from('tmpfs'))).toThrow(invalidType);
  expect(() => nullableStringArgument('fsType', 'tmp\0fs')).toThrow(invalidValue);
});

test('optionsArgument rejects an unknown key and names the key in the message', () => {
  const known = new Set(['cwd']);
  expect(optionsArgument('options', { cwd: '/' }, known)).toEqual({ cwd: '/' });
  expect(() => optionsArgument('options', { cdw: '/' }, known)).toThrow(invalidValue);
  expect(() => optionsArgument('options', { cdw: '/' }, known)).toThrow(
    /"options.cdw" property is not a known option.*cwd/,
  );
  expect(() => optionsArgument('options', null, known)).toThrow(invalidType);
  expect(() => optionsArgument('options', 'cwd', known)).toThrow(invalidType);
});

test('booleanOption rejects a value that is no boolean, and choiceOption rejects an unknown choice', () => {
  expect(booleanOption('options.index', undefined)).toBeUndefined();
  expect(booleanOption('options.index', false)).toBe(false);
  expect(() => booleanOption('options.index', 'on')).toThrow(invalidType);
  expect(choiceOption('options.xino', 'on', ['on', 'off'])).toBe('on');
  expect(() => choiceOption('options.xino', 'yes', ['on', 'off'])).toThrow(
    /must be one of: 'on', 'off'. Received 'yes'/,
  );
  expect(() => choiceOption('options.xino', true, ['on', 'off'])).toThrow(invalidType);
});

function sharedView(text: string): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(text.length));
  view.set(Buffer.from(text));
  return view;
}
