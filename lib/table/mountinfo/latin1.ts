// Decodes, splits and compares text of a mount table, held as Latin-1 strings: one character for each byte.
import { isUtf8 } from 'node:buffer';
import { nonEmptyPathArgument, type PathLike } from '../../arguments/check.js';
import { invalidArgValue } from '../../kernel/errors.js';
import type { MountName } from './entry.js';

const NOT_ASCII = /[^\0-\x7f]/;

/** Decodes Latin-1 text as UTF-8. Returns undefined if the bytes are not valid UTF-8. */
export function utf8Of(latin1: string): string | undefined {
  if (!NOT_ASCII.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

/**
 * Converts a name of the mount table to Latin-1 text, so that a string and a Buffer with the same bytes compare equal.
 */
export function bytesText(name: MountName): string {
  if (typeof name !== 'string') return name.toString('latin1');
  return NOT_ASCII.test(name) ? Buffer.from(name).toString('latin1') : name;
}

/**
 * Decodes the octal escapes of a mount table. The kernel writes space, tab, newline, backslash and some other bytes as
 * a backslash and three octal digits (fs/proc_namespace.c, mangle; fs/seq_file.c, seq_show_option). A backslash without
 * three octal digits is left as it is, because some filesystems print their options unescaped.
 */
export function withoutOctal(raw: string): string {
  return raw.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

// SELinux quotes a label that contains commas. Inside the quotes a comma separates nothing, and a quote is written in
// octal.
const QUOTED = /^(?:fs|def|root)?context=$/;

/** Splits text at each separator that is neither inside quotes nor, with `hasEscapes`, preceded by a backslash. */
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

/**
 * Checks an absolute path that a caller gave, and converts the path to Latin-1 text without redundant slashes and `.`
 * components. Throws for a path with `..`, which cannot be resolved, because a mount table does not record symbolic
 * links.
 */
export function tablePath(name: string, value: PathLike): string {
  const path = bytesText(nonEmptyPathArgument(name, value));
  if (!path.startsWith('/')) throw invalidArgValue(name, 'must be an absolute path');
  const plain = withoutDots(path);
  if (plain.split('/').includes('..')) throw invalidArgValue(name, 'must not contain "..": resolve the path first');
  return plain;
}

/**
 * Removes redundant slashes and `.` components from an absolute path. The function keeps `..`, whose meaning depends on
 * symbolic links.
 */
export function withoutDots(path: string): string {
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  return `/${components.join('/')}`;
}

/**
 * Whether `path` is `directory` or below `directory`. Both paths are absolute and contain no symbolic links. The
 * comparison is by whole components: `/foobar` is not below `/foo`.
 */
export function isWithin(path: string, directory: string): boolean {
  if (directory === '/') return true;
  return path.startsWith(directory) && (path.length === directory.length || path.charCodeAt(directory.length) === 47);
}

/** Yields each ancestor of an absolute path from the root down, and then the path: `/`, `/a` and `/a/b` for `/a/b`. */
export function* prefixes(path: string): Generator<string> {
  yield '/';
  if (path === '/') return;
  for (let slash = path.indexOf('/', 1); slash >= 0; slash = path.indexOf('/', slash + 1)) yield path.slice(0, slash);
  yield path;
}
