// npm run test:sanitize: runs the suite as root with the addon under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer. The files run in threads of one process, because LeakSanitizer finds a leak inside a test
// only there.
//
// The addon is built in a copy of the project, build-sanitize. `--short` runs the files that reach most of the native
// code. Other arguments go to vitest. `fuzz` runs test/hunts/fuzz/boundary.js instead, with the arguments that follow.
import { fileURLToPath } from 'node:url';
import { buildCopy, run, sanitizerLibrary } from './copy.js';

// These files are left out. Some measure memory growth or speed, which the sanitizers change. Some test programs in
// other processes, which have no sanitizer. Others examine the file of the addon.
const ELSEWHERE = [
  'leaks',
  'target/attack',
  'target/killed',
  'holders-many',
  'changes-many',
  'lifetime',
  'package',
  'gate',
];
const SHORT = [
  'process/addon',
  'mount/mount',
  'mount/ms-bind',
  'overlay/mount-overlay',
  'umount/tree',
  'mount/detached',
  'mount/filesystem',
  'table/read',
];

const library = sanitizerLibrary('libasan.so', 'libasan8');
const cwd = buildCopy('build-sanitize', 1, '__asan_init');
const env = {
  LINUX_MOUNT_PRELOAD: library,
  LINUX_MOUNT_PASSES: 'root',
  LINUX_MOUNT_EFFORT: process.env.LINUX_MOUNT_EFFORT ?? '1',
  // fork(2) copies the page tables of the sanitizer's memory, so an operation that maps IDs takes twenty times as long.
  LINUX_MOUNT_PATIENCE: '4',
  ASAN_OPTIONS: 'detect_leaks=1',
  LSAN_OPTIONS: `suppressions=${fileURLToPath(new URL('suppressions.txt', import.meta.url))}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  SANITIZER_OPTIONS_OF_CHILDREN: 'detect_leaks=0',
};
const words = process.argv.slice(2);
if (words[0] === 'fuzz') {
  run(process.execPath, ['test/hunts/fuzz/boundary.js', ...words.slice(1)], { env, cwd });
} else {
  const isShort = words[0] === '--short';
  const files = isShort ? SHORT.map((name) => `test/live/${name}.test.ts`) : [];
  const exclude = ELSEWHERE.flatMap((name) => ['--exclude', `test/**/${name}.test.ts`]);
  const given = isShort ? words.slice(1) : words;
  // The files run in one worker after another, because each test counts the descriptors of the process.
  const vitest = ['--pool=threads', '--isolate', ...exclude, ...files, ...given];
  run(process.execPath, ['test/run.js', ...vitest], { env, cwd });
}
