// npm run test:races [SECONDS]: every kind of call of the addon at once, on the main thread and in workers that are
// terminated in the middle, with the addon under ThreadSanitizer. In a mount namespace of its own; needs root.
//
// Node itself is not built for that, so only reports count that have the addon in their stack, and an addon with a race
// in it (test/native/racing.c) must be reported first.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCopy, sanitizerLibrary } from './copy.js';

const library = sanitizerLibrary('libtsan.so', 'libtsan2');
const copy = buildCopy('build-races', 2, '__tsan_init');
const seconds = process.argv[2] ?? '60';

const place = mkdtempSync(join(tmpdir(), 'linux-mount-races-'));
const scratch = mkdtempSync(join(tmpdir(), 'linux-mount-races-addon-'));

/** The reports about one addon, while Node runs a script. */
function reports(addon, ...words) {
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
  const parts = stderr.split('==================\n');
  const all = parts.filter((part) => part.startsWith('WARNING: ThreadSanitizer'));
  // What is mounted and opened by syscall(2) ThreadSanitizer does not see: to it the same number is the same descriptor.
  const found = all.filter((part) => part.includes(`${addon}.node`) && !part.includes('Location is file descriptor'));
  if (status !== 0) console.log(parts.filter((part) => !all.includes(part)).join(''));
  return { status, found };
}

try {
  const racing = join(scratch, 'racing.node');
  const source = fileURLToPath(new URL('../native/racing.c', import.meta.url));
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const flags = ['-DNAPI_VERSION=8', `-I${headers}`, '-g', '-O1', '-fPIC', '-shared', '-fsanitize=thread'];
  execFileSync('gcc', [...flags, source, '-o', racing]);
  const { found: known } = reports('racing', '--eval', `require(${JSON.stringify(racing)})`);
  if (!known.some((report) => report.includes('data race'))) throw new Error('the race in racing.c was not found');
  console.log(`${known.length} reports about the addon with a race`);
  const { status, found } = reports('linux_mount', 'test/sanitize/races-program.js', seconds);
  console.log(found.join('\n'));
  console.log(`${found.length} reports about the addon`);
  process.exitCode = status === 0 && found.length === 0 ? 0 : 1;
} finally {
  rmdirSync(place);
  rmSync(scratch, { recursive: true });
}
