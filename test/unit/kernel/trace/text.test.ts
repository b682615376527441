// Tests of how the trace prints system call arguments.
import { expect, test } from 'vitest';
import {
  hiddenData,
  inNamespace,
  list,
  named,
  nameOfWord,
  namesInData,
  place,
  quoted,
} from '../../../../lib/kernel/trace/text.js';

// The expected texts are the output of strace 6.1 for the same bytes.
test.each([
  ['/a b', '"/a b"'],
  ['', '""'],
  ['"\\q', '"\\"\\\\q"'],
  ['\t\n\v\f\r', '"\\t\\n\\v\\f\\r"'],
  ['\x01a', '"\\1a"'],
  ['\x019', '"\\19"'],
  ['\x017', '"\\0017"'],
  ['\x1b7', '"\\0337"'],
  ['\x7f', '"\\177"'],
  ['ä', '"\\303\\244"'],
  [Buffer.from([0xff, 0x31]), '"\\3771"'],
  [null, 'NULL'],
])('quoted(%j) escapes bytes as strace does', (text, shown) => {
  expect(quoted(text)).toBe(shown);
});

test('quoted and list cut long values and mark the cut', () => {
  expect(quoted('x'.repeat(1025))).toBe(`"${'x'.repeat(1024)}"...`);
  expect(list(['1', '2'])).toBe('[1, 2]');
  expect(list(Array.from({ length: 500 }, (_, index) => String(index)))).toBe(
    '[0, 1, 2, 3, 4, 5, 6, 7, ... /* 492 more */]',
  );
});

test.each([
  [null, []],
  [false, []],
  ['[]', []],
  [true, ['name']],
  [0, ['name=0']],
  [7n, ['name=7']],
  ['"x"', ['name="x"']],
])('named shows an optional value with its name, and leaves out null, false and empty lists: %s', (value, shown) => {
  expect(named('name', value)).toEqual(shown);
});

test('place shows a target as a path, or as a record of root, path, create and resolve', () => {
  expect(place('/a', null, 0, 0)).toBe('"/a"');
  expect(place('x', '/r', 0, 0)).toBe('{root="/r", path="x"}');
  expect(place('x', Buffer.from('/r'), 3, 5)).toBe('{root="/r", path="x", create=match, resolve=NO_SYMLINKS|EMULATE}');
});

test('inNamespace shows a namespace as a descriptor number or a file path', () => {
  expect(inNamespace(null)).toEqual([]);
  expect(inNamespace(7)).toEqual(['namespace=7']);
  expect(inNamespace('/proc/1/ns/mnt')).toEqual(['namespace="/proc/1/ns/mnt"']);
});

// A password may contain a comma, which cifs doubles, so the text after a comma may not be a name.
test.each(['password=hun,ter2', 'password=hun,,ter2=x', Buffer.from('password=hun,ter2')])(
  'hiddenData shows only the length of option data that is one string: %s',
  (data) => {
    expect(hiddenData(data)).toBe(`... /* ${data.length} bytes */`);
  },
);

test('nameOfWord and namesInData show the names of parameters and hide the values', () => {
  expect(nameOfWord('password=hun=ter2')).toBe('password=...');
  expect(nameOfWord('nodiscard')).toBe('nodiscard');
  expect(nameOfWord(Buffer.from([0x6b, 0x3d, 0xff]))).toBe('k=...');
  expect(namesInData('size=64m,mode=700,noswap')).toBe('"size=...,mode=...,noswap"');
  expect(namesInData(null)).toBeNull();
});
