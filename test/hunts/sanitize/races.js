// npm run test:races [SECONDS]: every kind of call of the addon at once, on the main thread and in workers that are
// terminated in the middle, with the addon under ThreadSanitizer. In a mount namespace of its own; needs root.
//
// Node itself is not built for that, so only reports count that are about the addon (reports.js), and an addon with races
// in it (test/native/racing.c) must be reported first.
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

/** The reports about one addon, while Node runs a script. */
function reportsOf(addon, ...words) {
  const { status, stderr } = spawnSync(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--'],
      ...['sh', '-euc', 'mount -t tmpfs races "$TMPDIR"; exec "$@"', 'sh'],
      // ThreadSanitizer asks for addresses as they were before they were made so random. Of the code that V8 makes it
      // understands nothing, and has no need to.
      ...['setarch', '--addr-no-randomize', 'env', `LD_PRELOAD=${library}`, process.execPath, '--jitless', ...words],
    ],
    {
      cwd: copy,
      stdio: ['ignore', 'inherit', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      // Not to a file: the children that stand for user namespaces have our descriptors, and ThreadSanitizer in them would
      // close its own.
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
  // Without built-in functions memcpy(3) is called.
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
