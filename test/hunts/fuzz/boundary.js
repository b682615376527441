// npm run fuzz:boundary -- --seconds N --seed S: makes random calls of all functions that the addon and the package
// export. No call may abort, hang, or leave a descriptor or a mount, and every exception must be a documented error.
// The calls run in their own mount namespace, confined to a tmpfs, and need root.
//
// After a crash the program prints the last call. `--seed ROUND --calls 400 --layer LAYER` repeats a round.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPrivateTmpfs } from '../../support/namespaces.js';

const place = mkdtempSync(join(tmpdir(), 'linux-mount-fuzz-'));
const file = `${place}.log`;
const log = openSync(file, 'w');
const { LINUX_MOUNT_PRELOAD: preload } = process.env;
const seed = process.argv.includes('--seed') ? [] : ['--seed', String(1 + Math.floor(Math.random() * 1e6))];
const words = [...process.argv.slice(2), ...seed];
console.log(words.join(' '));
const child = fileURLToPath(new URL('boundary-child.js', import.meta.url));
const [command, ...rest] = [
  ...inPrivateTmpfs('fuzz'),
  ...(preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`]),
  ...[process.execPath, '--expose-gc', child, ...words, '--log', '3'],
];
const { status, signal } = spawnSync(command, rest, {
  stdio: ['ignore', 'inherit', 'inherit', log],
  env: { ...process.env, TMPDIR: place },
});
closeSync(log);
if (status !== 0) console.error(`${signal ?? `status ${status}`}; the last call: ${readFileSync(file, 'utf8').trim()}`);
unlinkSync(file);
rmdirSync(place);
process.exitCode = status === 0 ? 0 : 1;
