import type { Failure } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';

/** What stands in place of a value. */
const HIDDEN = Buffer.from('…').toString('latin1');

// Of the parts of a value one of two characters is a word of the message as likely as it tells anything.
const SHORTEST_PART = 3;

/**
 * A failure whose log shows no value of these parameters (`key=value`), which may be secrets: some filesystems repeat what
 * they do not take, whole or what they have cut off at a comma. Names stay, and so does the rest of the message, as a value
 * is looked for as a word by itself, and not inside others.
 *
 * All text here has one character for each byte (Latin-1).
 */
export function withoutValues(failure: Failure, words: readonly Bytes[]): Failure {
  const { log } = failure;
  if (log === null) return failure;
  const texts = words.flatMap((word) => {
    const value = valueIn(word);
    const parts = value.match(/[\w\x80-\xff]+/g) ?? [];
    return [value, value.trim(), ...parts.filter((part) => part.length >= SHORTEST_PART)];
  });
  const patterns = texts
    .filter((text) => text !== '')
    .sort((one, other) => other.length - one.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  if (patterns.length === 0) return failure;
  const pattern = new RegExp(`(?<![\\w\\x80-\\xff])(?:${patterns.join('|')})(?![\\w\\x80-\\xff])`, 'g');
  return { ...failure, log: Buffer.from(log.toString('latin1').replace(pattern, HIDDEN), 'latin1') };
}

function valueIn(word: Bytes): string {
  const text = Buffer.from(word).toString('latin1');
  const at = text.indexOf('=');
  return at < 0 ? '' : text.slice(at + 1);
}
