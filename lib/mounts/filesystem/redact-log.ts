// Removes the values of parameters from the kernel's log messages, because a value may be a secret.
import type { Failure } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';

/** The text that replaces a value in the log. */
const HIDDEN = Buffer.from('…').toString('latin1');

// The function leaves shorter parts of a value, because they reveal little and may be ordinary words of the message.
const SHORTEST_PART = 3;

/**
 * Returns a copy of a failure in which the log contains no value of the given parameters (`key=value`). Some
 * filesystems quote a value that they reject, as a whole or up to a comma. The function replaces a value only where the
 * value is a separate word; parameter names and the rest of the message stay.
 *
 * The text of the log is Latin-1: one character for each byte.
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
