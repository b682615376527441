// npm run fuzz:boundary -- --seconds N --seed S: random calls of everything that the addon exports, and of everything
// that the library does. Nothing may abort, hang, be left open or stay mounted, and nothing but the documented errors may
// be thrown. In a mount namespace of its own, confined to a tmpfs; needs root.
//
// After a crash it says which call was the last. A round is replayed with `--seed ROUND --calls 400 --layer LAYER`.
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
