// npm run bench: measures what this library costs, next to a C loop of the same system calls on the same thread and
// next to other programs, and prints one table. The program runs twice: the first run starts the second run in a
// private mount namespace, and the second run measures.
//
//   npm run bench -- --short        takes a minute: fewer turns, no table of 100,000 mounts
//   npm run bench -- --json FILE    writes all figures to FILE
//   npm run bench -- --only WORDS   only rows with these words in the name
//   npm run bench -- --docs         writes docs/bench.json, and from it bench.md, bench.svg and bench-summary.svg
//   npm run bench -- --draw         measures nothing, and writes the three files from the existing docs/bench.json
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inNamespaces, isRoot } from '../release/namespaces.js';
import { writeDocs } from './docs.js';

function measure() {
  const outside = readlinkSync('/proc/self/ns/mnt');
  const inside = fileURLToPath(new URL('measure.js', import.meta.url));
  const [command, ...namespaces] = inNamespaces(isRoot ? 'root' : 'user');
  const words = [...namespaces, process.execPath, inside, outside, ...process.argv.slice(2)];
  const { status } = spawnSync(command, words, { stdio: 'inherit' });
  return status ?? 1;
}

if (process.argv.includes('--draw')) writeDocs();
else process.exitCode = measure();
