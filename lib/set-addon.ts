// setAddon(): uses the addon file that a bundle or a single executable contains.
import { nonEmptyPathArgument } from './arguments/check.js';
import { missingCalls } from './kernel/addon/absent.js';
import type { Addon } from './kernel/addon/calls.js';
import { loadAddon } from './kernel/addon/load.js';
import { invalidArgType, invalidArgValue } from './kernel/errors.js';
import { useAddon } from './kernel/native.js';

/**
 * Loads the addon, the `.node` file that makes the system calls, and uses this addon from now on, in place of the addon
 * that the import of the package found. The function is for a bundle or a single executable that contains the addon.
 * The environment variable `LINUX_MOUNT_ADDON` also names an addon file, and takes effect when the package is imported.
 *
 * Call this function before any other of the package, in each worker thread that uses the package. A `Mount` or
 * `DetachedMount` that exists already belongs to the addon that made it. On another operating system the function does
 * nothing.
 *
 * @param file the path of the file, absolute or relative to the working directory; a `file:` URL; or the object that
 *   `require()` of the file returned
 * @throws `ERR_DLOPEN_FAILED` if the file cannot be loaded or is not the addon of this version of the package; the
 *   previous addon then stays in use
 * @throws `TypeError` with `ERR_INVALID_ARG_VALUE` if the object is not the exports of that addon
 * @example
 * ```ts
 * setAddon('/opt/tool/linux-mount.node');
 * ```
 */
export function setAddon(file: string | URL | object): void {
  if (process.platform !== 'linux') return;
  useAddon(loaded(file) as Addon);
}

function loaded(file: string | URL | object): object {
  if (typeof file === 'string' || file instanceof URL) {
    const path = nonEmptyPathArgument('file', file);
    if (typeof path !== 'string')
      throw invalidArgValue('file', 'must be UTF-8, because require() accepts only a string');
    return loadAddon(path, 'setAddon() was given this file');
  }
  if (typeof file !== 'object' || file === null) {
    throw invalidArgType('file', "of type string, an instance of URL, or the addon's exports", file);
  }
  const missing = missingCalls(file);
  if (missing.length === 0) return file;
  throw invalidArgValue(
    'file',
    `must be the addon of this version of linux-mount: it lacks ${missing.slice(0, 3).join(', ')}`,
  );
}
