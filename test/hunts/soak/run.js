// npm run test:soak -- --seconds N --seed S: one process that does every kind of operation in a random order, in both
// forms, several at once, with workers that are terminated in the middle, signals, failures, iterators that are abandoned
// and mounts that are given to garbage collection; and in which, after each round, nothing may be left or have grown. In a
// mount namespace of its own; needs root.
//
// First the same is done with something lost on purpose, one kind after the other (leaks.js), and each must be found.
// `--leak KIND` does that alone, `--rounds N` ends it sooner, `--operations N` of each lane make a round.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inPrivateTmpfs } from '../../support/namespaces.js';

// As what it is found. Memory is compared over several rounds; for the rest nobody has to wait long.
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

// Shared, so that a process in another namespace sees the scenes that are made later.
const PRIVATE = inPrivateTmpfs('soak', { isShared: true });
// So that the resident set comes to rest: it has room for what V8 and malloc(3) may keep without using it, and by default
// that is most of it, more with each thread.
const NODE = ['env', 'MALLOC_ARENA_MAX=2', process.execPath, '--expose-gc', '--max-semi-space-size=1'];
const program = fileURLToPath(new URL('program.js', import.meta.url));

/** Runs the program in a place of its own. */
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
    if (status !== 1 || !expected.test(text)) throw new Error(`what is lost was not found: ${leak}\n${text}`);
  });
  // All of them to their ends, so that none leaves its place behind.
  const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  console.log(`found when lost on purpose: ${Object.keys(FOUND).join(', ')}`);
}

const words = process.argv.slice(2);
const seed = words.includes('--seed') ? [] : ['--seed', String(1 + Math.floor(Math.random() * 1e6))];
const isWhole = !words.some((word) => ['--leak', '--rounds'].includes(word));
if (isWhole) await selfCheck();
console.log([...words, ...seed].join(' '));
const { status } = await soak([...words, ...seed], 'inherit');
process.exitCode = status === 0 ? 0 : 1;
