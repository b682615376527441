// npm run test:valgrind: checks how the addon uses memory, under valgrind's memcheck: reads of uninitialised memory,
// writes past the end of a block, and blocks that can no longer be freed (definite leaks). The program runs in its own
// mount namespace, and needs root and valgrind.
//
// memcheck reports much about Node.js itself, and about V8's generated code above all, that is no error. So only
// reports with the addon in their stack count. The program first checks that an addon with errors
// (test/native/flawed.c) is reported.
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
  // V8 generates code at run time. Equal reports must be printed once.
  ...['--smc-check=all-non-file', '--num-callers=40', '--error-limit=no', `--log-file=${log}`],
];

// mount(2) ignores the type for a bind and for a change, but memcheck of valgrind 3.19 expects one.
const NO_TYPE = /^(Thread \d+.*:\n)?Syscall param mount\(type\) points to unaddressable/;

/** Returns the reports about one addon. */
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
  console.log(`${flawed.found.length} reports about the flawed addon`);
  const { status, found } = reports('linux_mount', here('program.js'));
  console.log(found.join('\n\n'));
  console.log(`${found.length} reports about the addon`);
  process.exitCode = status === 0 && found.length === 0 ? 0 : 1;
} finally {
  rmdirSync(place);
}
