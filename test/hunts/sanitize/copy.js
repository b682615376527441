import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const PARTS = ['package.json', 'tsconfig.json', 'binding.gyp', 'src-native', 'lib', 'dist', 'examples', 'test'];

/** Runs a program, and ends with it when it fails. */
export function run(command, args, { env = {}, cwd } = {}) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(1);
}

/** The library of a sanitizer, which has to be in a process from the start. */
export function sanitizerLibrary(name, debianPackage) {
  const library = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (library.startsWith('/')) return library;
  console.error(`${name} is missing: apt-get install gcc ${debianPackage}`);
  process.exit(1);
}

/**
 * Builds the addon for a sanitizer in a copy of the project, so that the ordinary build stays as it is.
 *
 * @param name the directory of the copy
 * @param kind what `sanitize` is in binding.gyp
 * @param mark a name that such an addon has in it
 * @returns where the copy is
 */
export function buildCopy(name, kind, mark) {
  const copy = join(project, name);
  const isBuilt = (path) => /\/(build|node_modules)$/.test(path);
  mkdirSync(copy, { recursive: true });
  for (const part of PARTS) {
    const filter = (path) => path === join(project, part) || !(isBuilt(path) && !path.includes('/test/native/'));
    // What has another name by now would be built and run under the old one too. The copy's own build is no part.
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
  // Otherwise all would be well whatever the code does.
  if (!readFileSync(join(copy, 'build/Release/linux_mount.node')).includes(mark)) {
    throw new Error('the addon was built without the sanitizer');
  }
  return copy;
}
