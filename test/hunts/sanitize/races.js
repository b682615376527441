// npm run test:races [SECONDS]: makes every kind of call of the addon at once, on the main thread and in workers that
// are terminated in the middle, with the addon under ThreadSanitizer. The calls run in their own mount namespace, and
// need root.
//
// Node.js is not built for ThreadSanitizer, so only reports about the addon count (reports.js). The program first
// checks that an addon with races (test/native/racing.c) is reported.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCopy, sanitizerLibrary } from './copy.js';
import { isAbout, split } from './reports.js';

const library = sanitizerLibrary('libtsan.so', 'libtsan2');
const copy = buildCopy('build-races', 2, '__tsan_init');
const seconds = process.argv[2] ?? '60';

const place = mkdtempSync(join(tmpdir(), 'linux-mount-races-'));
const scratch = mkdtempSync(join(tmpdir(), 'linux-mount-races-addon-'));

/** Returns the reports about one addon while Node.js runs a script. */
function reportsOf(addon, ...words) {
  const { status, stderr } = spawnSync(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--'],
      ...['sh', '-euc', 'mount -t tmpfs races "$TMPDIR"; exec "$@"', 'sh'],
      // ThreadSanitizer needs the address layout without randomisation, and cannot follow code that V8 compiles.
      ...['setarch', '--addr-no-randomize', 'env', `LD_PRELOAD=${library}`, process.execPath, '--jitless', ...words],
    ],
    {
      cwd: copy,
      stdio: ['ignore', 'inherit', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      // The reports go to standard error and not to a file: the child processes that hold user namespaces inherit the
      // descriptors, and ThreadSanitizer closes a report file in them.
      env: { ...process.env, TMPDIR: place, TSAN_OPTIONS: 'exitcode=0 history_size=7' },
    },
  );
  const { reports, rest } = split(stderr);
  if (status !== 0) console.log(rest);
  const found = reports.filter((report) => isAbout(`${addon}.node`, report));
  return { status, found };
}

try {
  const racing = join(scratch, 'racing.node');
  const source = fileURLToPath(new URL('../../native/racing.c', import.meta.url));
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  // Without built-in functions the compiler calls memcpy(3).
  const flags = '-fno-builtin -g -O1 -fPIC -shared -fsanitize=thread -DNAPI_VERSION=8'.split(' ');
  execFileSync('gcc', [...flags, `-I${headers}`, source, '-o', racing]);
  const { found: known } = reportsOf('racing', '--eval', `require(${JSON.stringify(racing)})`);
  for (const name of ['add_to_it', 'copy_to_it']) {
    if (!known.some((report) => report.includes(name))) throw new Error(`the race in racing.c was not found: ${name}`);
  }
  console.log(`${known.length} reports about the addon with races`);
  const { status, found } = reportsOf('linux_mount', 'test/hunts/sanitize/races-program.js', seconds);
  console.log(found.join('\n'));
  console.log(`${found.length} reports about the addon`);
  process.exitCode = status === 0 && found.length === 0 ? 0 : 1;
} finally {
  rmdirSync(place);
  rmSync(scratch, { recursive: true });
}
