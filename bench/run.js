// npm run bench: what this library costs, beside a C loop of the same system calls on the same thread, and beside whoever
// else can do it, as one table. The program runs twice: outside it starts itself in a private mount namespace, inside it
// measures.
//
//   npm run bench -- --short        in a minute: fewer turns, no table of 100,000 mounts
//   npm run bench -- --json FILE    writes all figures there
//   npm run bench -- --only WORDS   only rows with these words in the name
//   npm run bench -- --docs         writes docs/bench.json, and what is made of it: bench.md, bench.svg, bench-summary.svg
//   npm run bench -- --draw         measures nothing, and makes these three of the docs/bench.json that is there
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeDocs } from './docs.js';

function measure() {
  const outside = readlinkSync('/proc/self/ns/mnt');
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const inside = fileURLToPath(new URL('measure.js', import.meta.url));
  const { status } = spawnSync(
    'unshare',
    [...user, '--mount', '--propagation', 'private', '--', process.execPath, inside, outside, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  return status ?? 1;
}

if (process.argv.includes('--draw')) writeDocs();
else process.exitCode = measure();
