// Node for other versions and architectures, and Bun for musl: npm packages with one program in each, and no scripts. They
// are kept in the user's cache, as they have 100 MB each.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where they are kept. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'linux-mount-runtimes');

/** Installs a package of a program, unless that was done before, and returns where the program is. */
function program(name, version, file) {
  const place = join(cache, `${name.replace('/', '+')}@${version}`);
  const path = join(place, 'node_modules', name, file);
  if (existsSync(path)) return path;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  // By force, as npm refuses what is for another processor.
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

/** The newest Node of a major version for an architecture. */
export const nodeOf = ({ node }, major) => program(node.package, major, 'bin/node');

/** Bun for musl. */
export const bunOf = ({ bun }) => program(bun, 'latest', 'bin/bun');
