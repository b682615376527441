// npm run test:soak -- --seconds N --seed S: runs one process that makes every kind of operation in a random order, in
// both forms, several at once. The process terminates workers in the middle, aborts operations, makes them fail, and
// drops iterators and mounts for the garbage collector. After each round nothing may be left and memory may not have
// grown. The process runs in its own mount namespace, and needs root.
//
// First the program checks that it finds leaks: leaks.js leaks one kind of thing on purpose in each run. `--leak KIND`
// does only this. `--rounds N` ends the run earlier, and `--operations N` sets the operations of each lane in a round.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPrivateTmpfs } from '../../support/namespaces.js';

// The message by which each kind of leak is found. Memory is compared over several rounds, and the other kinds are
// found in one.
const FOUND = {
  descriptor: /descriptors: \+ /,
  mount: /mounts here: \+ /,
  'mount elsewhere': /mounts in the other namespace: \+ /,
  directory: /directories: \+ /,
  thread: /the library's threads: \+ /,
  child: /children: \+ /,
  umask: /umask: \+ /,
  memory: /native heap: \d+ bytes more/,
  pages: /resident set: \d+ bytes more/,
  objects: /heap of V8: \d+ bytes more/,
};
const SOON = ['--rounds', '1', '--patience', '3000'];
const isMemory = (leak) => ['memory', 'pages', 'objects'].includes(leak);

// The tmpfs is shared, so that a process in another mount namespace sees the scenes that are made later.
const PRIVATE = inPrivateTmpfs('soak', { isShared: true });
// These options limit the memory that V8 and malloc(3) keep without using it, which is most of the resident set by
// default and grows with each thread.
const NODE = ['env', 'MALLOC_ARENA_MAX=2', process.execPath, '--expose-gc', '--max-semi-space-size=1'];
const program = fileURLToPath(new URL('program.js', import.meta.url));

/** Runs the program in its own scratch directory. */
async function soak(words, stdout) {
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-soak-'));
  try {
    const [command, ...rest] = [...PRIVATE, ...NODE, program, ...words];
    const child = spawn(command, rest, {
      stdio: ['ignore', stdout, 'inherit'],
      env: { ...process.env, TMPDIR: place },
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    const [status] = await once(child, 'close');
    return { status, text };
  } finally {
    rmdirSync(place);
  }
}

async function selfCheck() {
  const all = Object.entries(FOUND).map(async ([leak, expected]) => {
    const words = ['--leak', leak, '--operations', '3', '--seed', '1', '--seconds', '600'];
    const { status, text } = await soak([...words, ...(isMemory(leak) ? ['--rounds', '8'] : SOON)], 'pipe');
    if (status !== 1 || !expected.test(text)) throw new Error(`the leak was not found: ${leak}\n${text}`);
  });
  // Every run must end before an error is thrown, so that each removes its scratch directory.
  const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  console.log(`leaks made on purpose and found: ${Object.keys(FOUND).join(', ')}`);
}

const words = process.argv.slice(2);
const seed = words.includes('--seed') ? [] : ['--seed', String(1 + Math.floor(Math.random() * 1e6))];
const isWhole = !words.some((word) => ['--leak', '--rounds'].includes(word));
if (isWhole) await selfCheck();
console.log([...words, ...seed].join(' '));
const { status } = await soak([...words, ...seed], 'inherit');
process.exitCode = status === 0 ? 0 : 1;
