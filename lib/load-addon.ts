import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Where the addon may be, under the package's folder. What was built there comes first: somebody has done that on
 * purpose, in a clone of the repository or since the prebuild does not fit. A prebuild is for every C library
 * (src-native/freestanding.cc), so the architecture is all that it is chosen by.
 */
export function addonFiles(root: string, arch: string = process.arch): [built: string, prebuilt: string] {
  return [
    join(root, 'build', 'Release', 'linux_mount.node'),
    join(root, 'prebuilds', `linux-${arch}`, 'linux-mount.node'),
  ];
}

// Not existsSync, which asks access(2): that is about the real user, without the capabilities which the kernel would
// grant here, and takes what may not be looked at for what is not there.
const isThere = (file: string) => statSync(file, { throwIfNoEntry: false }) !== undefined;

/**
 * Loads the first of these that is there; one that does not load is an error and not passed over.
 *
 * @throws as stat(2) fails where the package's folder may not be searched: nothing that is built there would help
 */
export function loadAddon(root: string, arch: string = process.arch): unknown {
  const file = addonFiles(root, arch).find(isThere);
  if (file === undefined) throw unusable(`is not built for linux-${arch}`, root);
  try {
    return createRequire(import.meta.url)(file);
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_DLOPEN_DISABLED') throw disabled(cause);
    throw unusable(`cannot load ${file}: ${(cause as Error).message}`, root, cause);
  }
}

const CODE = { code: 'ERR_DLOPEN_FAILED' };

// The permission model (--permission) does that, as does --no-addons.
function disabled(cause: unknown): Error {
  const message =
    'linux-mount is a native addon, and this process may load none: start Node with --allow-addons, or without --no-addons';
  return Object.assign(new Error(message, { cause }), CODE);
}

function unusable(why: string, root: string, cause?: unknown): Error {
  const folder = `'${root.replace(/\/$/, '').replaceAll("'", `'\\''`)}'`;
  const message =
    `linux-mount ${why}. To build it there, with a C++ compiler (C++20), make and python3: ` +
    `cd ${folder} && npm run build:source`;
  return Object.assign(new Error(message, { cause }), CODE);
}
