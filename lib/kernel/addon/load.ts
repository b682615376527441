// Finds and loads the addon: the `.node` file that makes the system calls.
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingCalls } from './absent.js';

/** The environment variable that names the addon's file, in place of the search. */
const ADDON_VARIABLE = 'LINUX_MOUNT_ADDON';

/**
 * Returns the file that this code runs from: `dist/kernel/addon/load.js` of the package, a bundle, or a single
 * executable. The function takes the path from a stack trace, which has the path at run time. `__filename` is
 * unsuitable: an ES module has none, and `bun build` replaces `__filename` with a path of the build machine, at which
 * another user of the target machine could place an addon.
 */
function ownFile(): string {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (_, [site]) => site?.getFileName();
  const file = String(new Error().stack);
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  // In a single executable the stack trace has a path inside the executable, or a path of the build machine.
  const isExecutable = process.getBuiltinModule('node:sea')?.isSea() === true || file.startsWith('/$bunfs/');
  if (isExecutable) return process.execPath;
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

// The file name tells a bundle from the package: in a bundle this code is not in kernel/addon/load.js. The search of
// the package folder must not start from a bundle: other users may write to the folders above it (/tmp), and an addon
// in such a folder must not be loaded.
const isBundle = (file: string): boolean => !/\/(?:dist|lib)\/kernel\/addon\/load\.[jt]s$/.test(file);

/**
 * Returns the package's folder: the folder that contains `file`, or for a bundle the folder that Node resolves from the
 * bundle. Returns undefined if there is no package.
 */
function packageFolder(file: string): string | undefined {
  if (!isBundle(file)) return resolve(file, '../../../..');
  try {
    return dirname(createRequire(file).resolve('linux-mount/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * Returns the paths to search for the addon, in order: beside a bundle, and in the package. An addon that was built on
 * this machine precedes the prebuilt addon, because somebody built that addon on purpose. Each architecture has one
 * prebuilt file, which serves every C library (src-native/libc/freestanding.cc).
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

// existsSync() calls access(2), which checks the real user ID and ignores capabilities, and returns false for a file in
// a directory without search permission. statSync() throws for such a file.
const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/**
 * Loads the addon: the file that {@link ADDON_VARIABLE} names, or else the first file of {@link addonFiles} that
 * exists. If the chosen file cannot be loaded, the function throws and does not try another file.
 *
 * @param from the file that the code runs from; default: the result of {@link ownFile}
 * @throws `ERR_DLOPEN_FAILED` if there is no addon, or if the addon cannot be loaded
 * @throws an error of stat(2) if a directory cannot be searched
 */
export function findAddon(from?: string, arch: string = process.arch): object {
  const named = process.env[ADDON_VARIABLE];
  if (named) return loadAddon(named, `${ADDON_VARIABLE} names this file`);
  const file = from ?? ownFile();
  const files = addonFiles(file, arch);
  const found = files.find(exists);
  if (found !== undefined) return loadAddon(found, remedy(file, arch));
  const looked = files.map(quoted).join(' and ');
  throw failure(`linux-mount has no addon for linux-${arch}: it looked for ${looked}. ${remedy(file, arch)}`);
}

/**
 * Loads the addon from a file.
 *
 * @param advice the last sentence of the error message
 * @throws `ERR_DLOPEN_FAILED` if the file cannot be loaded, or is not the addon of this version
 */
export function loadAddon(file: string, advice: string): object {
  let addon: object;
  try {
    const path = resolve(file); // resolve() throws for a relative path if the working directory was removed.
    addon = createRequire(path)(path);
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_DLOPEN_DISABLED') {
      // The options --permission and --no-addons disable native addons.
      throw failure(
        'linux-mount is a native addon, and this process may load no native addon: start Node with --allow-addons, or without --no-addons',
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

// Node's message continues with a list of the files that called require(), which the error of this library omits.
const firstLine = (cause: unknown): string => String((cause as Error).message).split('\n', 1)[0] as string;

/** Quotes a path as one word for the shell. */
const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

/** Returns the advice of an error: how to build the addon in the package, or how to provide the addon for a bundle. */
function remedy(file: string, arch: string): string {
  const folder = packageFolder(file);
  if (folder !== undefined) {
    return `To build it, with a C++ compiler (C++20), make and python3: cd ${quoted(folder)} && npm run build:source`;
  }
  return (
    `${quoted(file)} is a bundle, and linux-mount is not installed in its directory: install linux-mount there, or copy the file ` +
    `prebuilds/linux-${arch}/linux-mount.node of the package beside the bundle, or name that file with ${ADDON_VARIABLE} or setAddon()`
  );
}

function failure(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_FAILED' });
}
