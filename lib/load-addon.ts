// Finds and loads the addon: the `.node` file that makes the system calls.
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingCalls } from './absent-addon.js';

/** The environment variable that names the addon's file, in place of the search. */
export const ADDON_VARIABLE = 'LINUX_MOUNT_ADDON';

/** The file that this code runs from: `dist/load-addon.js` of the package, or what a bundler has made of it. */
function ownFile(): string {
  if (typeof __filename === 'string') return __filename;
  // A bundle that is an ES module has no __filename; its name stands in a stack trace.
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
    const file = String(new Error().stack);
    return file.startsWith('file:') ? fileURLToPath(file) : file;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** The package's folders: the one around `file`, and for a bundle the one that is installed where the bundle lies. */
function* packageFolders(file: string): Generator<string> {
  const around = dirname(dirname(file));
  yield around;
  let manifest: string;
  try {
    manifest = createRequire(file).resolve('linux-mount/package.json');
  } catch {
    return; // not installed there
  }
  if (dirname(manifest) !== around) yield dirname(manifest);
}

/**
 * Where the addon may be, the first place first. In a package an addon that was built there comes before the prebuilt one:
 * somebody built it on purpose. One prebuilt file serves every C library (src-native/freestanding.cc), so that the
 * architecture alone selects it. A bundle may have the addon beside it.
 */
export function* addonFiles(file: string, arch: string = process.arch): Generator<string> {
  for (const folder of packageFolders(file)) {
    yield join(folder, 'build', 'Release', 'linux_mount.node');
    yield join(folder, 'prebuilds', `linux-${arch}`, 'linux-mount.node');
  }
  yield join(dirname(file), 'linux-mount.node');
}

// existsSync() would ask access(2), which checks the real user without capabilities and reports a file in a directory that
// may not be searched as missing.
const isThere = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/**
 * Loads the addon: the file that {@link ADDON_VARIABLE} names, or else the first of {@link addonFiles} that exists. A file
 * that exists and does not load is an error; the search does not go on.
 *
 * @throws `ERR_DLOPEN_FAILED`; an error of stat(2) where a folder may not be searched
 */
export function findAddon(file: string = ownFile(), arch: string = process.arch): object {
  const named = process.env[ADDON_VARIABLE];
  if (named) return loadAddon(named, `${ADDON_VARIABLE} names this file`);
  const looked: string[] = [];
  for (const candidate of addonFiles(file, arch)) {
    if (isThere(candidate)) return loadAddon(candidate, remedy(file, arch));
    looked.push(quoted(candidate));
  }
  throw failure(`linux-mount has no addon for linux-${arch}: looked for ${looked.join(', ')}. ${remedy(file, arch)}`);
}

/**
 * Loads the addon from this file.
 *
 * @param advice what the error says at its end
 * @throws `ERR_DLOPEN_FAILED`
 */
export function loadAddon(file: string, advice: string): object {
  let addon: object;
  try {
    addon = createRequire(ownFile())(resolve(file));
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_DLOPEN_DISABLED') {
      // The permission model (--permission) does that, as does --no-addons.
      throw failure(
        'linux-mount is a native addon, and this process may load none: start Node with --allow-addons, or without --no-addons',
        cause,
      );
    }
    throw failure(`linux-mount cannot load ${quoted(file)}: ${firstLine(cause)}. ${advice}`, cause);
  }
  const missing = missingCalls(addon);
  if (missing.length === 0) return addon;
  throw failure(
    `${quoted(file)} is not the addon of this version of linux-mount: it lacks ${missing.slice(0, 3).join(', ')}. ${advice}`,
  );
}

// The lines that follow list the files that called require().
const firstLine = (cause: unknown): string => String((cause as Error).message).split('\n', 1)[0] as string;

/** As a word of the shell. */
const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

/** How to get an addon: a command for an installed package, and three ways for a bundle. */
function remedy(file: string, arch: string): string {
  for (const folder of packageFolders(file)) {
    if (!isThere(join(folder, 'src-native', 'binding.gyp'))) continue;
    return `To build it, with a C++ compiler (C++20), make and python3: cd ${quoted(folder)} && npm run build:source`;
  }
  return (
    `${quoted(file)} is not in the package's folder, as in a bundle. Keep linux-mount out of the bundle (external), or copy ` +
    `prebuilds/linux-${arch}/linux-mount.node of the package beside that file, or name the .node file with ${ADDON_VARIABLE} or setAddon()`
  );
}

function failure(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_FAILED' });
}
