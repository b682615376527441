// The calls that every cell of the matrix makes, however the cell loaded the package: mounts an overlay over a tmpfs,
// writes into it, unmounts both, and checks an error. The function runs in an empty directory of a private mount
// namespace. The file avoids require(), which an ES module bundle of esbuild lacks.
const { mkdirSync, readdirSync, rmdirSync, writeFileSync } = process.getBuiltinModule('node:fs');

/** The result of exercise() when all results are right. */
exports.EXPECTED = 'base new top; upper: new; mounted: false; ENOENT; false';

/**
 * @param {typeof import('linux-mount')} library
 * @param {typeof import('linux-mount/layers')} layers
 */
exports.exercise = async function exercise(library, layers) {
  const { isMountPointSync, MountError, mountOverlay, mountTmpfs } = library;
  mkdirSync('m');
  const memory = await mountTmpfs('m');
  for (const name of ['a', 'b', 'u', 'w', 't']) mkdirSync(`m/${name}`);
  writeFileSync('m/a/top', '');
  writeFileSync('m/b/base', '');
  const merged = await mountOverlay({ lower: ['m/a', 'm/b'], upper: 'm/u', work: 'm/w', target: 'm/t' });
  writeFileSync('m/t/new', '');
  const names = readdirSync('m/t').sort().join(' ');
  await merged.unmount();
  const isWhiteout = await layers.isWhiteout('m/u/new');
  const upper = readdirSync('m/u').join(' ');
  const isMounted = isMountPointSync('m/t');
  await memory.unmount();
  rmdirSync('m');
  const error = await mountOverlay({ lower: ['m/a', 'm/b'], target: 'm' }).catch((error) => error);
  const code =
    error instanceof MountError && error instanceof layers.MountError && error instanceof Error && error.code;
  return `${names}; upper: ${upper}; mounted: ${isMounted}; ${code}; ${isWhiteout}`;
};
