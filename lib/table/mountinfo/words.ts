import { isUtf8 } from 'node:buffer';

/**
 * What a field of the mount table is made of. All text has one character for each byte (Latin-1).
 */

/** Makes of a text what it has made of the same text before. */
export function remembering<T>(make: (raw: string) => T): (raw: string) => T {
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

/** Text as it is, for {@link parts}. */
export const asText = (raw: string): string => raw;

/** What is between the commas. `String.prototype.split` takes twice as long. */
export function parts<T>(raw: string, make: (part: string) => T): T[] {
  const found: T[] = [];
  let start = 0;
  for (let comma = raw.indexOf(','); comma >= 0; comma = raw.indexOf(',', start)) {
    found.push(make(raw.slice(start, comma)));
    start = comma + 1;
  }
  found.push(make(raw.slice(start)));
  return found;
}

const NOT_ASCII = /[\x80-\xff]/;

// A subtype is whatever its mounter says; where it is no UTF-8 each byte is a character, so that nothing is lost.
export function textOf(latin1: string): string {
  if (!NOT_ASCII.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : latin1;
}

// fs/proc_namespace.c, mangle, and fs/seq_file.c, seq_show_option: space, tab, newline, backslash and others as three
// octal digits. Any other backslash stands for itself: not every filesystem escapes what it prints.
export function withoutOctal(raw: string): string {
  return raw.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The words between the commas of options as the mount table shows them, of any filesystem; escapes are left. */
export function commaWords(text: string): string[] {
  return cut(text, ',', false);
}
// SELinux puts a label with commas into quotes, where they end no word; a quote inside is written in octal.
const QUOTED = /^(?:fs|def|root)?context=$/;

/** Cuts text at each separator that is not inside quotes or, with `hasEscapes`, behind a backslash. */
export function cut(text: string, separator: ',' | ':', hasEscapes: boolean): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (hasEscapes && text[at] === '\\') {
      at += 1;
    } else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    } else if (separator === ',' && text[at] === '"' && at - start < 16 && QUOTED.test(text.slice(start, at))) {
      at = Math.max(at, text.indexOf('"', at + 1));
    }
  }
  return [...parts, text.slice(start)];
}
