// What tests do with files that Node.js cannot: extended attributes, device nodes and inotify. See test/native/files.c.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {string | Buffer} Path
 *
 * @type {{
 *   setAttribute(path: Buffer, name: Buffer, value: Buffer): void,
 *   removeAttribute(path: Buffer, name: Buffer): void,
 *   listAttributes(path: Buffer): Buffer,
 *   getAttribute(path: Buffer, name: Buffer): Buffer,
 *   makeNode(path: Buffer, mode: number, major: number, minor: number): void,
 *   watchOpens(path: Buffer): number,
 * }}
 */
const files = createRequire(import.meta.url)(
  fileURLToPath(new URL('../native/build/Release/files.node', import.meta.url)),
);

/** @param {Path} path */
const bytes = (path) => Buffer.from(path);

/**
 * @param {Path} path
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(path, name, value) {
  files.setAttribute(bytes(path), bytes(name), bytes(value));
}

/**
 * @param {Path} path
 * @param {string} name
 */
export function removeAttribute(path, name) {
  files.removeAttribute(bytes(path), bytes(name));
}

/**
 * Returns the extended attributes of a file by name, decoded as latin1.
 *
 * @param {Path} path
 * @returns {Record<string, string>}
 */
export function attributesOf(path) {
  const names = files.listAttributes(bytes(path)).toString('latin1').split('\0').slice(0, -1).sort();
  return Object.fromEntries(
    names.map((name) => [name, files.getAttribute(bytes(path), Buffer.from(name, 'latin1')).toString('latin1')]),
  );
}

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFSOCK = 0o140000;

/**
 * Makes a device node, a FIFO or a socket.
 *
 * @param {Path} path
 * @param {number} mode
 */
export function makeNode(path, mode, major = 0, minor = 0) {
  files.makeNode(bytes(path), mode, major, minor);
}

/**
 * Returns an inotify descriptor. A read of the descriptor fails with EAGAIN until somebody opens the file at the path.
 *
 * @param {Path} path
 */
export function watchOpens(path) {
  return files.watchOpens(bytes(path));
}
