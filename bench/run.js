// npm run bench: what this library costs, beside a C loop of the same system calls on the same thread, as a table and
// as JSON. The program runs twice: outside it starts itself in a private mount namespace, inside it measures.
//
//   npm run bench -- --json FILE    writes the JSON there as well
//   npm run bench -- --only WORDS   only groups with these words in the name
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const outside = readlinkSync('/proc/self/ns/mnt');
const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
const inside = fileURLToPath(new URL('measure.js', import.meta.url));
const { status } = spawnSync(
  'unshare',
  [...user, '--mount', '--propagation', 'private', '--', process.execPath, inside, outside, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
