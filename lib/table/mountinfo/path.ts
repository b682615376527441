import { nonEmptyPathArgument, type PathLike } from '../../arguments/check.js';
import { invalidArgValue } from '../../kernel/errors.js';
import type { MountName } from './entry.js';

/**
 * Paths as a mount table compares them: bytes, one character for each (Latin-1), whole components at a time, so that
 * `/foo` is no parent of `/foobar`.
 */

const NOT_ASCII = /[^\0-\x7f]/;

/** A name as such text. */
export function bytesText(name: MountName): string {
  if (typeof name !== 'string') return name.toString('latin1');
  return NOT_ASCII.test(name) ? Buffer.from(name).toString('latin1') : name;
}

/**
 * An absolute path as such text, without the slashes and dots that say nothing. There is no directory to which `..` or
 * a relative path could be resolved here: a table does not know symbolic links.
 */
export function tablePath(name: string, value: PathLike): string {
  const path = bytesText(nonEmptyPathArgument(name, value));
  if (!path.startsWith('/')) throw invalidArgValue(name, 'must be an absolute path');
  const plain = withoutDots(path);
  if (plain.split('/').includes('..')) throw invalidArgValue(name, 'must not contain "..": resolve the path first');
  return plain;
}

/** Such text of an absolute path without the slashes and dots that say nothing. What `..` means depends on links: it stays. */
export function withoutDots(path: string): string {
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  return `/${components.join('/')}`;
}

/** Whether a path is another or below it; both absolute and without links. */
export function isWithin(path: string, directory: string): boolean {
  if (directory === '/') return true;
  return path.startsWith(directory) && (path.length === directory.length || path.charCodeAt(directory.length) === 47);
}

/** `/`, `/a`, `/a/b` of `/a/b`. */
export function* prefixes(path: string): Generator<string> {
  yield '/';
  if (path === '/') return;
  for (let slash = path.indexOf('/', 1); slash >= 0; slash = path.indexOf('/', slash + 1)) yield path.slice(0, slash);
  yield path;
}
