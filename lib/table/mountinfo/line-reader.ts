import type { MountEntry, MountName, MountPropagation } from './entry.js';
import { asText, commaWords, parts, remembering, textOf, withoutOctal } from './words.js';

/**
 * Makes a name of bytes, which come as text with one character for each (Latin-1).
 *
 * @param wasEscaped whether they stood in the table in another form
 */
export type ToName<Name> = (latin1: string, wasEscaped: boolean) => Name;

/** Reads the line from `start` to `end`; null when it is none. */
export type LineReader<Name extends MountName> = (
  start: number,
  end: number,
  uniqueId: bigint | null,
) => MountEntry<Name> | null;

const PRIVATE: MountPropagation = Object.freeze({
  shared: null,
  master: null,
  propagateFrom: null,
  unbindable: false,
});
const DELETED = '//deleted';

const TAB = 9;
const SPACE = 32;
const DASH = 45;
const SLASH = 47;
const ZERO = 48;
const COLON = 58;
const LAST_OF_DELETED = 100;

/** What stands behind the dash of a line. */
interface Filesystem<Name> {
  readonly fsType: string;
  readonly subtype: string | null;
  readonly source: string;
  readonly superOptions: readonly Name[];
  readonly superOptionsText: Name;
}

/**
 * What reads the lines of one table: one pass over each, from the first character to the last.
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     id parent  |     target options   |          type source    super options
 *           device root                 optional fields, ended by a lone dash
 *
 * A single space ends a field, as no other white space does: the source may be empty. The super options are all the
 * rest, as some filesystems print theirs with spaces in them (9p of WSL: `path=C:\Program Files\…`).
 *
 * @param bytes the table
 * @param text the same as Latin-1: single characters are read faster from the bytes, names cost nothing as parts of it
 */
export function lineReader<Name extends MountName>(
  bytes: Uint8Array,
  text: string,
  toName: ToName<Name>,
): LineReader<Name> {
  const hasEscapes = text.includes('\\');
  // Most mounts have one of a few sets of options and one of a few filesystems, mostly that of the line before: what is
  // made of these is made once and kept once.
  const optionsOf = remembering((raw) => Object.freeze(parts(raw, asText)));
  const filesystemOf = remembering(madeOfTail);
  // Of both, where they stood last.
  let optionsAt = 0;
  let optionsLength = 0;
  let lastWords: readonly string[] = [];
  let tailAt = 0;
  let tailLength = 0;
  let lastFilesystem: Filesystem<Name> | null = null;
  let device: MountEntry['device'] = Object.freeze({ major: -1, minor: -1 });
  let parent = -1;
  let parentId = 0n;
  let at = 0;
  let limit = 0;
  let isWrong = false;

  /** Digits, and the character that has to be behind them. */
  function number(behind: number): number {
    let value = 0;
    const start = at;
    for (; at < limit; at += 1) {
      const digit = (bytes[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === start || at - start > 10 || at >= limit || bytes[at] !== behind) isWrong = true;
    at += 1;
    return value;
  }

  /** What is before the next space. */
  function field(): string {
    const start = at;
    const space = text.indexOf(' ', start);
    if (space < 0 || space >= limit) {
      isWrong = true;
      return '';
    }
    at = space + 1;
    return text.slice(start, space);
  }

  function path(): string {
    if (bytes[at] === SLASH && bytes[at + 1] === SPACE && at + 1 < limit) {
      at += 2;
      return '/';
    }
    const value = field();
    if (value === '') isWrong = true;
    return value;
  }

  /** Whether the path that was read last ends so. */
  function isDeleted(value: string): boolean {
    return bytes[at - 2] === LAST_OF_DELETED && value.endsWith(DELETED);
  }

  function name(raw: string): Name {
    return hasEscapes && raw.includes('\\') ? toName(withoutOctal(raw), true) : toName(raw, false);
  }

  function options(): readonly string[] {
    const start = at;
    const end = start + optionsLength;
    if (end < limit && bytes[end] === SPACE && isAgain(optionsAt, optionsLength)) {
      at = end + 1;
    } else {
      lastWords = optionsOf(path());
      optionsAt = start;
      optionsLength = at - 1 - start;
    }
    return lastWords;
  }

  /** What is behind the dash: type, source, super options. */
  function filesystem(): Filesystem<Name> | null {
    if (limit - at !== tailLength || !isAgain(tailAt, tailLength)) {
      lastFilesystem = filesystemOf(text.slice(at, limit));
      tailAt = at;
      tailLength = limit - at;
    }
    return lastFilesystem;
  }

  /** Whether here is once more what stood there. */
  function isAgain(there: number, length: number): boolean {
    let index = 0;
    while (index < length && bytes[at + index] === bytes[there + index]) index += 1;
    return index === length && length > 0;
  }

  function propagation(): MountPropagation {
    if (isDash()) return PRIVATE;
    const found = {
      shared: PRIVATE.shared,
      master: PRIVATE.master,
      propagateFrom: PRIVATE.propagateFrom,
      unbindable: false,
    };
    do {
      if (isWord('shared:')) found.shared = number(SPACE);
      else if (isWord('master:')) found.master = number(SPACE);
      else if (isWord('propagate_from:')) found.propagateFrom = number(SPACE);
      else if (field() === 'unbindable') found.unbindable = true;
    } while (!isWrong && !isDash());
    return found;
  }

  function isWord(word: string): boolean {
    if (!text.startsWith(word, at)) return false;
    at += word.length;
    return true;
  }

  function isDash(): boolean {
    return bytes[at] === DASH && bytes[at + 1] === SPACE;
  }

  function madeOfTail(tail: string): Filesystem<Name> | null {
    const typeEnd = tail.indexOf(' ');
    const sourceEnd = tail.indexOf(' ', typeEnd + 1);
    if (typeEnd < 1 || sourceEnd < 0 || sourceEnd + 1 === tail.length) return null;
    const type = tail.slice(0, typeEnd);
    const fsType = textOf(type.includes('\\') ? withoutOctal(type) : type);
    const dot = fsType.indexOf('.');
    const raw = tail.slice(sourceEnd + 1);
    return {
      fsType,
      subtype: dot < 0 ? null : fsType.slice(dot + 1),
      source: tail.slice(typeEnd + 1, sourceEnd),
      superOptions: Object.freeze(raw.includes('"') ? commaWords(raw).map(name) : parts(raw, name)),
      superOptionsText: toName(raw, false),
    };
  }

  return (start, end, uniqueId) => {
    at = start;
    limit = end;
    isWrong = false;
    // Tables in documents and tests are indented. The kernel's are not, and a number is no less plain for it.
    while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
    const id = number(SPACE);
    const parentNumber = number(SPACE);
    const major = number(COLON);
    const minor = number(SPACE);
    const root = path();
    const rootDeleted = isDeleted(root);
    const isTargetAbsolute = bytes[at] === SLASH;
    const target = path();
    const targetDeleted = isDeleted(target);
    const words = options();
    if (isWrong || !isTargetAbsolute) return null;
    const spread = propagation();
    at += 2;
    const its = isWrong ? null : filesystem();
    if (its === null) return null;

    if (major !== device.major || minor !== device.minor) device = Object.freeze({ major, minor });
    if (parentNumber !== parent) {
      parent = parentNumber;
      parentId = BigInt(parent);
    }
    return {
      id: BigInt(id),
      parentId,
      uniqueId,
      device,
      root: name(rootDeleted ? root.slice(0, -DELETED.length) : root),
      rootDeleted,
      target: name(targetDeleted ? target.slice(0, -DELETED.length) : target),
      targetDeleted,
      options: words,
      propagation: spread,
      fsType: its.fsType,
      subtype: its.subtype,
      source: name(its.source),
      superOptions: its.superOptions,
      superOptionsText: its.superOptionsText,
    };
  };
}
