// Installs Node.js of other versions and architectures, and Bun for musl: npm packages with one program and no scripts.
// The programs stay in the user's cache, because each has 100 MB.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of the programs. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'linux-mount-runtimes');

/** Installs the package of a program, unless it is installed, and returns the path of the program. */
function program(name, version, file) {
  const place = join(cache, `${name.replace('/', '+')}@${version}`);
  const path = join(place, 'node_modules', name, file);
  if (existsSync(path)) return path;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  // npm installs a package for another processor only with --force.
  execFileSync(
    'npm',
    [
      'install',
      '--force',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--silent',
      `${name}@${version}`,
    ],
    { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return path;
}

/** Returns the newest Node.js of a major version for an architecture. */
export const nodeOf = ({ node }, major) => program(node.package, major, 'bin/node');

/** Returns Bun for musl. */
export const bunOf = ({ bun }) => program(bun, 'latest', 'bin/bun');
