// Prints the directories in node_modules that a package needs, including its own, according to the lock file. image.sh
// calls it:
//
//   node packages.js vitest fast-check
import { readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));

/** Finds the package that another package imports: in the node_modules of the importer, or further up. */
function find(name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at}${at === '' ? '' : '/'}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

const needed = new Set();
function add(name, from) {
  const path = find(name, from);
  // An optional package may be for another machine.
  if (path === undefined || needed.has(path)) return;
  needed.add(path);
  const { dependencies, optionalDependencies, peerDependencies } = packages[path];
  for (const each of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) add(each, path);
}

for (const name of process.argv.slice(2)) add(name, '');
console.log([...needed].join('\n'));
