import { isUtf8 } from 'node:buffer';
import type { MountEntry, MountName, MountPropagation } from './mount-entry.js';
import { commaWords } from './overlay-text.js';

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
const COLON = 58;

/**
 * What reads the lines of one table: one pass over each, from the first character to the last.
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     id parent  |     target options   |          type source    super options
 *           device root                 optional fields, ended by a lone dash
 *
 * A single space ends a field, as no other white space does: the source may be empty. The super options are all the
 * rest, as some filesystems print theirs with spaces in them (9p of WSL: `path=C:\Program Files\…`).
 */
export function lineReader<Name extends MountName>(text: string, toName: ToName<Name>): LineReader<Name> {
  // Most mounts have one of a few types and sets of options: what is made of these is made once and kept once.
  const optionsOf = remembering((raw) => Object.freeze(raw.split(',')));
  const typeOf = remembering((raw) => {
    const fsType = textOf(raw.includes('\\') ? withoutOctal(raw) : raw);
    const dot = fsType.indexOf('.');
    return { fsType, subtype: dot < 0 ? null : fsType.slice(dot + 1) };
  });
  const superOptionsOf = remembering((raw) => ({
    words: Object.freeze((raw.includes('"') ? commaWords(raw) : raw.split(',')).map(name)),
    text: toName(raw, false),
  }));
  let at = 0;
  let limit = 0;
  let isWrong = false;

  /** Digits, and the character that has to be behind them. */
  function number(behind: number): number {
    let value = 0;
    const start = at;
    for (;;) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at += 1;
    }
    if (at === start || at - start > 10 || at >= limit || text.charCodeAt(at) !== behind) isWrong = true;
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
    const value = field();
    if (value === '') isWrong = true;
    return value;
  }

  function name(raw: string): Name {
    return raw.includes('\\') ? toName(withoutOctal(raw), true) : toName(raw, false);
  }

  function propagation(): MountPropagation {
    if (isDash()) return PRIVATE;
    const found = { ...PRIVATE };
    do {
      const word = field();
      if (isWrong) return PRIVATE;
      if (word === 'unbindable') found.unbindable = true;
      else if (word.startsWith('shared:')) found.shared = group(word, 7);
      else if (word.startsWith('master:')) found.master = group(word, 7);
      else if (word.startsWith('propagate_from:')) found.propagateFrom = group(word, 15);
    } while (!isDash());
    return found;
  }

  function isDash(): boolean {
    return text.charCodeAt(at) === DASH && text.charCodeAt(at + 1) === SPACE;
  }

  function group(word: string, from: number): number {
    const digits = word.slice(from);
    if (!/^\d{1,10}$/.test(digits)) isWrong = true;
    return Number(digits);
  }

  return (start, end, uniqueId) => {
    at = start;
    limit = end;
    isWrong = false;
    // Tables in documents and tests are indented. The kernel's are not, and a number is no less plain for it.
    while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at += 1;
    const id = number(SPACE);
    const parentId = number(SPACE);
    const major = number(COLON);
    const minor = number(SPACE);
    const root = path();
    const target = path();
    const options = path();
    if (isWrong || !target.startsWith('/')) return null;
    const spread = propagation();
    at += 2;
    const type = path();
    const source = field();
    const superOptions = text.slice(at, limit);
    if (isWrong || superOptions === '') return null;

    const rootDeleted = root.endsWith(DELETED);
    const targetDeleted = target.endsWith(DELETED);
    const { fsType, subtype } = typeOf(type);
    const { words, text: superOptionsText } = superOptionsOf(superOptions);
    return {
      id: BigInt(id),
      parentId: BigInt(parentId),
      uniqueId,
      device: { major, minor },
      root: name(rootDeleted ? root.slice(0, -DELETED.length) : root),
      rootDeleted,
      target: name(targetDeleted ? target.slice(0, -DELETED.length) : target),
      targetDeleted,
      options: optionsOf(options),
      propagation: spread,
      fsType,
      subtype,
      source: name(source),
      superOptions: words,
      superOptionsText,
    };
  };
}

function remembering<T>(make: (raw: string) => T): (raw: string) => T {
  const known = new Map<string, T>();
  return (raw) => {
    let value = known.get(raw);
    if (value === undefined) {
      value = make(raw);
      known.set(raw, value);
    }
    return value;
  };
}

// A subtype is whatever its mounter says; where it is no UTF-8 each byte is a character, so that nothing is lost.
function textOf(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : latin1;
}

// fs/proc_namespace.c, mangle, and fs/seq_file.c, seq_show_option: space, tab, newline, backslash and others as three
// octal digits. Any other backslash stands for itself: not every filesystem escapes what it prints.
function withoutOctal(raw: string): string {
  return raw.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
