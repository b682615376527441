// npm run test:sanitize: the suite, as root, with the addon under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer, in one process with threads: only there leaks made inside of a test are seen.
//
// The addon is built in a copy of the project, build-sanitize. `--short`
// takes the files that reach most of the native floor; other arguments are passed on to vitest. `fuzz` runs
// test/hunts/fuzz/boundary.js instead, with the arguments that follow.
import { fileURLToPath } from 'node:url';
import { buildCopy, run, sanitizerLibrary } from './copy.js';

// Long loops that ask how much memory grows or who is faster, and programs in processes of their own: nothing of them is
// in this process, where the sanitizers' own memory and slowness would be measured. And what looks at the addon's file.
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
  // A fork copies the page tables of the sanitizer's memory: with each that maps ids it takes twenty times as long.
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
  // Each file in a worker of its own, one after the other: each counts the descriptors of the process.
  const vitest = ['--pool=threads', '--isolate', ...exclude, ...files, ...given];
  run(process.execPath, ['test/run.js', ...vitest], { env, cwd });
}
