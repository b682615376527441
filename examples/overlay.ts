/**
 * Runs a command in a directory that stays unchanged: the command's changes go to another directory.
 *
 *     sudo node examples/dist/overlay.js /etc /tmp/changes sh -c 'echo hello >> motd; rm fstab'
 *
 * The changes are then in /tmp/changes/upper: new and changed files, and a whiteout for each deleted file.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mountOverlay } from 'linux-mount';

const [lower, changes, command, ...words] = process.argv.slice(2);
if (lower === undefined || changes === undefined || command === undefined) {
  throw new TypeError('usage: overlay.js DIRECTORY CHANGES COMMAND [ARGUMENT ...]');
}

const [upper, work, target] = [`${changes}/upper`, `${changes}/work`, `${changes}/merged`];
for (const directory of [upper, work, target]) mkdirSync(directory, { recursive: true });

await using merged = await mountOverlay({ lower: [lower], upper, work, target });

const { status, error } = spawnSync(command, words, { cwd: merged.target.toString(), stdio: 'inherit' });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
// `merged` is unmounted at the end of its scope, also after an error.
