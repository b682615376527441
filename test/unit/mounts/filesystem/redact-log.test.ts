// Tests of how parameter values are hidden in kernel log messages.
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../../lib/kernel/native.js';
import type { Bytes } from '../../../../lib/kernel/words.js';
import { withoutValues } from '../../../../lib/mounts/filesystem/redact-log.js';

function hidden(log: string | Buffer, ...words: readonly Bytes[]): string | undefined {
  const failure = { error: 22, syscall: 'fsconfig', step: 'set option', log: Buffer.from(log) } as unknown as Failure;
  return withoutValues(failure, words).log?.toString();
}

const SUBSET = 'e proc: unsupported subset option - ';

describe('hidden values', () => {
  test.for<[string, Bytes, string, string]>([
    ['the whole value', 'subset=hunter2', `${SUBSET}hunter2\n`, `${SUBSET}…\n`],
    ['a quoted value', 'a=hunter2', "e x: Bad value 'hunter2' for 'a'", "e x: Bad value '…' for 'a'"],
    ['every occurrence of the value', 'a=hunter2', 'e hunter2:hunter2', 'e …:…'],
    ['the part of a value after a comma', 'subset=pid,hunter2', `${SUBSET}hunter2`, `${SUBSET}…`],
    [
      'a value with characters that are special in a regular expression',
      'a=(.*)$^\\[x]',
      'e bad (.*)$^\\[x]!',
      'e bad …!',
    ],
    ['a value with spaces around it', 'a= hush ', 'e bad hush', 'e bad …'],
    ['a value with a line feed', 'a=hush\nhush', 'e bad hush\nhush', 'e bad …'],
    ['a value with an equals sign', 'a=b=hush', 'e bad b=hush', 'e bad …'],
    ['a value in UTF-8', 'a=gräulich', 'e bad gräulich', 'e bad …'],
    ['a value of bytes', Buffer.from('a=gräulich'), 'e bad gräulich', 'e bad …'],
    ['a value of one letter that stands alone', 'a=x', 'e bad option x, exactly x', 'e bad option …, exactly …'],
    ['a value that is a number', 'a=17', 'e 17 is not 117', 'e … is not 117'],
  ])('withoutValues hides a parameter value in the kernel log: %s', ([_name, word, log, expected]) =>
    expect(hidden(log, word)).toBe(expected),
  );

  test('withoutValues hides a value of bytes that are not UTF-8', () => {
    expect(hidden(Buffer.from('e bad \xff\xfe!', 'latin1'), Buffer.from('a=\xff\xfe', 'latin1'))).toBe('e bad …!');
  });

  test('withoutValues hides the longest value first when one value contains another', () => {
    expect(hidden('e not hush nor hush-hush', 'a=hush', 'b=hush-hush')).toBe('e not … nor …');
  });
});

describe('unchanged messages', () => {
  test.for<[string, Bytes]>([
    ['a parameter without a value', 'subset'],
    ['an empty value', 'subset='],
    ['a value of one letter that occurs inside words', 'subset=o'],
    ['a value that is a space', 'subset= '],
    ['a value whose parts have two letters', 'subset=is,not,in,it'],
    ['a value that is the beginning of a word', 'subset=sub'],
  ])('withoutValues leaves the kernel log unchanged for %s', ([_name, word]) =>
    expect(hidden(`${SUBSET}name`, word)).toBe(`${SUBSET}name`),
  );

  test('withoutValues keeps the names of parameters in the kernel log', () => {
    expect(hidden("e tmpfs: Unknown parameter 'password'", 'password=hush')).toBe(
      "e tmpfs: Unknown parameter 'password'",
    );
  });

  test('withoutValues returns the failure itself when the kernel wrote no log', () => {
    const failure = { error: 22, log: null } as unknown as Failure;
    expect(withoutValues(failure, ['a=b'])).toBe(failure);
  });
});
