import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../../lib/kernel/native.js';
import type { Bytes } from '../../../../lib/kernel/words.js';
import { withoutValues } from '../../../../lib/mounts/filesystem/redact-log.js';

function hidden(log: string | Buffer, ...words: readonly Bytes[]): string | undefined {
  const failure = { error: 22, syscall: 'fsconfig', step: 'set option', log: Buffer.from(log) } as unknown as Failure;
  return withoutValues(failure, words).log?.toString();
}

const SUBSET = 'e proc: unsupported subset option - ';

describe('a value is hidden', () => {
  test.for<[string, Bytes, string, string]>([
    ['as a whole', 'subset=hunter2', `${SUBSET}hunter2\n`, `${SUBSET}…\n`],
    ['in quotes', 'a=hunter2', "e x: Bad value 'hunter2' for 'a'", "e x: Bad value '…' for 'a'"],
    ['wherever it is', 'a=hunter2', 'e hunter2:hunter2', 'e …:…'],
    ['what the kernel has cut off at a comma', 'subset=pid,hunter2', `${SUBSET}hunter2`, `${SUBSET}…`],
    ['with characters that mean something in a pattern', 'a=(.*)$^\\[x]', 'e bad (.*)$^\\[x]!', 'e bad …!'],
    ['with spaces around', 'a= hush ', 'e bad hush', 'e bad …'],
    ['with a line feed', 'a=hush\nhush', 'e bad hush\nhush', 'e bad …'],
    ['with an equals sign', 'a=b=hush', 'e bad b=hush', 'e bad …'],
    ['in UTF-8', 'a=gräulich', 'e bad gräulich', 'e bad …'],
    ['of bytes', Buffer.from('a=gräulich'), 'e bad gräulich', 'e bad …'],
    ['of one letter, as a word', 'a=x', 'e bad option x, exactly x', 'e bad option …, exactly …'],
    ['that is a number', 'a=17', 'e 17 is not 117', 'e … is not 117'],
  ])('%s', ([_name, word, log, expected]) => expect(hidden(log, word)).toBe(expected));

  test('of bytes that are not UTF-8', () => {
    expect(hidden(Buffer.from('e bad \xff\xfe!', 'latin1'), Buffer.from('a=\xff\xfe', 'latin1'))).toBe('e bad …!');
  });

  test('of several words, the longest first', () => {
    expect(hidden('e not hush nor hush-hush', 'a=hush', 'b=hush-hush')).toBe('e not … nor …');
  });
});

describe('the message stays', () => {
  test.for<[string, Bytes]>([
    ['of a word without a value', 'subset'],
    ['of an empty value', 'subset='],
    ['of one letter inside words', 'subset=o'],
    ['of a space', 'subset= '],
    ['of a part of two letters', 'subset=is,not,in,it'],
    ['of a value that is the beginning of a word', 'subset=sub'],
  ])('%s', ([_name, word]) => expect(hidden(`${SUBSET}name`, word)).toBe(`${SUBSET}name`));

  test('names are told', () => {
    expect(hidden("e tmpfs: Unknown parameter 'password'", 'password=hush')).toBe(
      "e tmpfs: Unknown parameter 'password'",
    );
  });

  test('without any', () => {
    const failure = { error: 22, log: null } as unknown as Failure;
    expect(withoutValues(failure, ['a=b'])).toBe(failure);
  });
});
