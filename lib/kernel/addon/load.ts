// Finds and loads the addon: the `.node` file that makes the system calls.
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingCalls } from './absent.js';

/** The environment variable that names the addon's file, in place of the search. */
export const ADDON_VARIABLE = 'LINUX_MOUNT_ADDON';

/**
 * The file that this code runs from: `dist/kernel/addon/load.js` of the package, a bundle, or a single executable. The stack tells it
 * at run time. `__filename` would not do: an ES module has none, and `bun build` writes the path of the machine that builds
 * into the program, where another user of the machine that runs it could put a file.
 */
function ownFile(): string {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (_, [site]) => site?.getFileName();
  const file = String(new Error().stack);
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  // In a single executable that name is one inside of it, or of the machine that built it.
  const isExecutable = process.getBuiltinModule('node:sea')?.isSea() === true || file.startsWith('/$bunfs/');
  if (isExecutable) return process.execPath;
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

// Only in its own package does this file have its own name. The folder above a bundle may be one that others write to, /tmp
// for example: an addon there must not be loaded.
const isBundle = (file: string): boolean => !/\/(?:dist|lib)\/kernel\/addon\/load\.[jt]s$/.test(file);

/** The package's folder: the one around `file`, or for a bundle the one that Node finds from there; undefined for none. */
function packageFolder(file: string): string | undefined {
  if (!isBundle(file)) return resolve(file, '../../../..');
  try {
    return dirname(createRequire(file).resolve('linux-mount/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * Where the addon may be, the first place first: beside a bundle, and in the package. There an addon that was built comes
 * before the prebuilt one, as somebody built it on purpose. One prebuilt file serves every C library
 * (src-native/libc/freestanding.cc), so that the architecture alone selects it.
 */
export function addonFiles(file: string, arch: string = process.arch): string[] {
  const files = isBundle(file) ? [join(dirname(file), 'linux-mount.node')] : [];
  const folder = packageFolder(file);
  if (folder === undefined) return files;
  return [
    ...files,
    join(folder, 'build/Release/linux_mount.node'),
    join(folder, `prebuilds/linux-${arch}/linux-mount.node`),
  ];
}

// existsSync() would ask access(2), which checks the real user without capabilities and reports a file in a directory that
// may not be searched as missing.
const isThere = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/**
 * Loads the addon: the file that {@link ADDON_VARIABLE} names, or else the first of {@link addonFiles} that exists. A file
 * that exists and does not load is an error; the search does not go on.
 *
 * @param from the file that the code runs from, unless {@link ownFile} has to find out
 * @throws `ERR_DLOPEN_FAILED`; an error of stat(2) where a folder may not be searched
 */
export function findAddon(from?: string, arch: string = process.arch): object {
  const named = process.env[ADDON_VARIABLE];
  if (named) return loadAddon(named, `${ADDON_VARIABLE} names this file`);
  const file = from ?? ownFile();
  const files = addonFiles(file, arch);
  const found = files.find(isThere);
  if (found !== undefined) return loadAddon(found, remedy(file, arch));
  const looked = files.map(quoted).join(' and ');
  throw failure(`linux-mount has no addon for linux-${arch}: it looked for ${looked}. ${remedy(file, arch)}`);
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
    const path = resolve(file); // throws where a relative path has no working directory to start from
    addon = createRequire(path)(path);
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

/** How to get an addon: a command in a package, three ways for a bundle. */
function remedy(file: string, arch: string): string {
  const folder = packageFolder(file);
  if (folder !== undefined) {
    return `To build it, with a C++ compiler (C++20), make and python3: cd ${quoted(folder)} && npm run build:source`;
  }
  return (
    `${quoted(file)} is a bundle, and no linux-mount is installed where it lies: install it there, or copy the file ` +
    `prebuilds/linux-${arch}/linux-mount.node of the package beside the bundle, or name that file with ${ADDON_VARIABLE} or setAddon()`
  );
}

function failure(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_FAILED' });
}
