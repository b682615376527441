// Builds a copy of the project for a sanitizer.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const PARTS = [
  'package.json',
  'tsconfig.json',
  'binding.gyp',
  'src-native',
  'lib',
  'dist',
  'examples',
  'release',
  'test',
];

/** Runs a program, and ends this process when the program fails. */
export function run(command, args, { env = {}, cwd } = {}) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(1);
}

/** Returns the path of the library of a sanitizer, which a process must load at its start. */
export function sanitizerLibrary(name, debianPackage) {
  const library = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (library.startsWith('/')) return library;
  console.error(`${name} is missing: apt-get install gcc ${debianPackage}`);
  process.exit(1);
}

/**
 * Builds the addon for a sanitizer in a copy of the project, so that the build of the project stays unchanged.
 *
 * @param name the directory of the copy
 * @param kind the value of `sanitize` in binding.gyp
 * @param mark a symbol that only an addon for this sanitizer contains
 * @returns the path of the copy
 */
export function buildCopy(name, kind, mark) {
  const copy = join(project, name);
  const isBuilt = (path) => /\/(build|node_modules)$/.test(path);
  mkdirSync(copy, { recursive: true });
  for (const part of PARTS) {
    const filter = (path) => path === join(project, part) || !(isBuilt(path) && !path.includes('/test/native/'));
    // Files that were renamed in the project must not stay in the copy. The build directory of the copy stays.
    rmSync(join(copy, part), { recursive: true, force: true });
    cpSync(join(project, part), join(copy, part), { recursive: true, preserveTimestamps: true, filter });
  }
  if (!existsSync(join(copy, 'node_modules'))) symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  run(process.execPath, [join(project, 'node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build', '--silent'], {
    env: {
      GYP_DEFINES: `sanitize=${kind}`,
      npm_config_nodedir: join(copy, 'src-native/nodedir'),
      npm_config_jobs: 'max',
    },
    cwd: copy,
  });
  // Without the sanitizer every run would succeed.
  if (!readFileSync(join(copy, 'build/Release/linux_mount.node')).includes(mark)) {
    throw new Error('the addon was built without the sanitizer');
  }
  return copy;
}
