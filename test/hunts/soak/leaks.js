// Leaks that `--leak KIND` causes on purpose in each round, so that run.js can check that each kind is found.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountTmpfsSync } from 'linux-mount';
import { leaking } from './measures.js';

const kept = [];
const times = (count, make) => Array.from({ length: count }, make);
const directory = () => mkdtempSync(join(tmpdir(), 'lost-'));

// The bytes of each operation, so that a few rounds of a few operations are enough.
const BYTES = 32_768;

const LEAKS = {
  descriptor: () => openSync('/dev/null', 'r'),
  mount: () => mountTmpfsSync(directory()),
  'mount elsewhere': ({ child }) => mountTmpfsSync(tmpdir(), { namespace: { pid: child.pid } }),
  directory,
  thread: () => leaking.loseThread(),
  child: () => spawn('sleep', ['infinity'], { stdio: 'ignore' }),
  umask: () => process.umask(0o77),
  memory: ({ operations }) => times(operations, () => leaking.loseBytes(BYTES)),
  pages: () => leaking.losePages(10 * 1024 * 1024),
  objects: ({ operations }) => times(operations, () => kept.push(Array(BYTES / 8).fill(0.5))),
};

/** @param operations the number of operations in a round */
export function lose(kind, operations, child) {
  LEAKS[kind]({ operations, child });
}
