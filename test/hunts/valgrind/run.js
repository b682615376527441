// npm run test:valgrind: what the addon does with its memory, under valgrind's memcheck: reads of what nobody has
// written, writes past the end, and blocks that nobody can give back any more (definite leaks). In a mount namespace of
// its own; needs root, and valgrind.
//
// Node itself, and V8's code above all, are full of what memcheck does not understand. So only reports count that have
// the addon in their stack, and an addon with mistakes in it (test/native/flawed.c) must be reported first.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
if (spawnSync('valgrind', ['--version']).status !== 0) {
  console.error('valgrind is missing: apt-get install valgrind');
  process.exit(1);
}

const place = mkdtempSync(join(tmpdir(), 'linux-mount-valgrind-'));
const log = `${place}.log`;
const PLACE = 'mount -t tmpfs -o mode=1777 valgrind "$TMPDIR"; exec "$@"';
const VALGRIND = [
  ...['valgrind', '--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite'],
  // Code that is made while the program runs; and one report for all that is alike.
  ...['--smc-check=all-non-file', '--num-callers=40', '--error-limit=no', `--log-file=${log}`],
];

// mount(2) reads no type of a bind or of a change: memcheck of valgrind 3.19 wants one all the same.
const NO_TYPE = /^(Thread \d+.*:\n)?Syscall param mount\(type\) points to unaddressable/;

/** The reports about one addon. */
function reports(addon, ...words) {
  const { status } = spawnSync(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--', 'sh', '-euc', PLACE, 'sh', ...VALGRIND],
      ...[process.execPath, '--expose-gc', '--no-opt', '--max-lazy', ...words],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, TMPDIR: place } },
  );
  const blocks = readFileSync(log, 'utf8')
    .replace(/^--\d+--.*\n/gm, '')
    .replace(/^==\d+== ?/gm, '')
    .replace(/^Warning: .*\n/gm, '')
    .split(/\n\s*\n/);
  unlinkSync(log);
  return {
    status,
    found: blocks.filter(
      (block) => !NO_TYPE.test(block) && block.includes(`/${addon}.node`) && /^\s+(at|by) 0x/m.test(block),
    ),
  };
}

try {
  const flawed = reports(
    'flawed',
    '--eval',
    `require(${JSON.stringify(here('../../native/build/Release/flawed.node'))})`,
  );
  for (const expected of [/definitely lost/, /uninitialised/]) {
    if (!flawed.found.some((block) => expected.test(block))) throw new Error(`not found in flawed.c: ${expected}`);
  }
  console.log(`${flawed.found.length} reports about the addon with mistakes`);
  const { status, found } = reports('linux_mount', here('program.js'));
  console.log(found.join('\n\n'));
  console.log(`${found.length} reports about the addon`);
  process.exitCode = status === 0 && found.length === 0 ? 0 : 1;
} finally {
  rmdirSync(place);
}
