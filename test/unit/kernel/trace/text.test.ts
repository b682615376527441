// Tests of how the trace prints system call arguments.
import { expect, test } from 'vitest';
import {
  hiddenData,
  list,
  named,
  nameOfWord,
  namesInData,
  quoted,
  targetText,
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

test('quoted and list truncate long values and write "..." for the rest', () => {
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

test('targetText shows a target as a path, or as a record of root, path, create and resolve', () => {
  expect(targetText({ path: '/a', root: null, create: 0, resolve: 0 })).toBe('"/a"');
  expect(targetText({ path: 'x', root: '/r', create: 0, resolve: 0 })).toBe('{root="/r", path="x"}');
  expect(targetText({ path: 'x', root: Buffer.from('/r'), create: 3, resolve: 5 })).toBe(
    '{root="/r", path="x", create=match, resolve=NO_SYMLINKS|EMULATE}',
  );
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
