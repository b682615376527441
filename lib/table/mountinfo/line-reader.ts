// Reads one line of a mount table, /proc/PID/mountinfo, into a MountEntry.
import type { MountEntry, MountName, MountPropagation } from './entry.js';
import { cut, utf8Of, withoutOctal } from './latin1.js';

/**
 * Makes a name of a mount table from Latin-1 text.
 *
 * @param wasEscaped whether the mount table has octal escapes in the name
 */
export type ToName<Name> = (latin1: string, wasEscaped: boolean) => Name;

/** Reads the line from `start` to `end`. Returns null if the text is not a line of a mount table. */
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

/** The fields of a line after the lone dash. */
interface Filesystem<Name> {
  readonly fsType: string;
  readonly subtype: string | null;
  readonly source: string;
  readonly superOptions: readonly Name[];
  readonly superOptionsText: Name;
}

/**
 * Returns a function that reads the lines of one table, each in a single pass.
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *     id parent  |     target options   |          type source    super options
 *           device root                 optional fields, ended by a lone dash
 *
 * Exactly one space ends a field, because the source may be empty. The super options extend to the end of the line,
 * because some filesystems print them with spaces (9p of WSL: `path=C:\Program Files\…`).
 *
 * The figures in the comments below are the times to parse 10,000 lines with Node.js 20: 3.6 ms for bind mounts of one
 * directory, and 8 ms for the lines of test/fixtures/, repeated.
 *
 * @param bytes the table
 * @param text the table as Latin-1 text: `bytes` gives single characters fast, and `text` gives names without a copy
 */
export function lineReader<Name extends MountName>(
  bytes: Uint8Array,
  text: string,
  toName: ToName<Name>,
): LineReader<Name> {
  // The mounts of a table share a few sets of options and a few filesystems. With each distinct set parsed once,
  // parsing the fixtures takes 8 ms; with each line parsed in full, 27 ms, and the entries occupy 6 MB instead of 3 MB.
  const optionsOf = memoized((raw) => Object.freeze(raw.split(',')));
  const filesystemOf = memoized(parseFilesystem);
  // The options and the filesystem of the previous line, and their positions. The reader first compares a line with the
  // previous line: parsing the bind mounts takes 3.6 ms with this comparison and 4.4 ms without it.
  let optionsAt = 0;
  let optionsLength = 0;
  let lastOptions: readonly string[] = [];
  let tailAt = 0;
  let tailLength = 0;
  let lastFilesystem: Filesystem<Name> | null = null;
  // The device of the previous line. Parsing the bind mounts takes 3.6 ms if they share one device object, and 4.1 ms
  // if each mount has its own.
  let device: MountEntry['device'] = Object.freeze({ major: -1, minor: -1 });
  let at = 0;
  let limit = 0;
  let isWrong = false;

  /** Reads a decimal number, and the character that must follow the number. */
  function number(following: number): number {
    let value = 0;
    const start = at;
    for (; at < limit; at += 1) {
      const digit = (bytes[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === start || at - start > 10 || at >= limit || bytes[at] !== following) isWrong = true;
    at += 1;
    return value;
  }

  /** Reads the characters up to the next space. */
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

  function nonEmptyField(): string {
    const value = field();
    if (value === '') isWrong = true;
    return value;
  }

  function name(raw: string): Name {
    return raw.includes('\\') ? toName(withoutOctal(raw), true) : toName(raw, false);
  }

  function options(): readonly string[] {
    const start = at;
    const end = start + optionsLength;
    if (end < limit && bytes[end] === SPACE && repeats(optionsAt, optionsLength)) {
      at = end + 1;
    } else {
      lastOptions = optionsOf(nonEmptyField());
      optionsAt = start;
      optionsLength = at - 1 - start;
    }
    return lastOptions;
  }

  /** Reads type, source and super options, the rest of the line. */
  function filesystem(): Filesystem<Name> | null {
    if (limit - at !== tailLength || !repeats(tailAt, tailLength)) {
      lastFilesystem = filesystemOf(text.slice(at, limit));
      tailAt = at;
      tailLength = limit - at;
    }
    return lastFilesystem;
  }

  /** Whether the `length` bytes at the current position are equal to those at `previous`. */
  function repeats(previous: number, length: number): boolean {
    let index = 0;
    while (index < length && bytes[at + index] === bytes[previous + index]) index += 1;
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

  function parseFilesystem(tail: string): Filesystem<Name> | null {
    const typeEnd = tail.indexOf(' ');
    const sourceEnd = tail.indexOf(' ', typeEnd + 1);
    if (typeEnd < 1 || sourceEnd < 0 || sourceEnd + 1 === tail.length) return null;
    const type = tail.slice(0, typeEnd);
    const decodedType = withoutOctal(type);
    // A FUSE server chooses the subtype. Each byte of a type that is not UTF-8 becomes one character, so that nothing
    // is lost.
    const fsType = utf8Of(decodedType) ?? decodedType;
    const dot = fsType.indexOf('.');
    const raw = tail.slice(sourceEnd + 1);
    return {
      fsType,
      subtype: dot < 0 ? null : fsType.slice(dot + 1),
      source: tail.slice(typeEnd + 1, sourceEnd),
      superOptions: Object.freeze((raw.includes('"') ? cut(raw, ',', false) : raw.split(',')).map(name)),
      superOptionsText: toName(raw, false),
    };
  }

  return (start, end, uniqueId) => {
    at = start;
    limit = end;
    isWrong = false;
    // The kernel does not indent lines, but tables in documents and tests are often indented.
    while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
    const id = number(SPACE);
    const parentId = number(SPACE);
    const major = number(COLON);
    const minor = number(SPACE);
    const root = nonEmptyField();
    const rootDeleted = root.endsWith(DELETED);
    const isTargetAbsolute = bytes[at] === SLASH;
    const target = nonEmptyField();
    const targetDeleted = target.endsWith(DELETED);
    const attributes = options();
    if (isWrong || !isTargetAbsolute) return null;
    const peerGroups = propagation();
    at += 2;
    const mounted = isWrong ? null : filesystem();
    if (mounted === null) return null;

    if (major !== device.major || minor !== device.minor) device = Object.freeze({ major, minor });
    return {
      id: BigInt(id),
      parentId: BigInt(parentId),
      uniqueId,
      device,
      root: name(rootDeleted ? root.slice(0, -DELETED.length) : root),
      rootDeleted,
      target: name(targetDeleted ? target.slice(0, -DELETED.length) : target),
      targetDeleted,
      options: attributes,
      propagation: peerGroups,
      fsType: mounted.fsType,
      subtype: mounted.subtype,
      source: name(mounted.source),
      superOptions: mounted.superOptions,
      superOptionsText: mounted.superOptionsText,
    };
  };
}

/** Wraps a function so that its result for each text is computed once. */
function memoized<T>(compute: (raw: string) => T): (raw: string) => T {
  const results = new Map<string, T>();
  return (raw) => {
    let result = results.get(raw);
    if (result === undefined) {
      result = compute(raw);
      results.set(raw, result);
    }
    return result;
  };
}
