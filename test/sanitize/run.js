// npm run test:sanitize: the suite, as root, with the addon under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer, in one process with threads: only there leaks made inside of a test are seen.
//
// The addon is built in a copy of the project, build-sanitize, so that the ordinary build stays as it is. `--short`
// takes the files that reach most of the native floor; other arguments are passed on to vitest. `fuzz` runs
// test/fuzz/boundary.js instead, with the arguments that follow.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const copy = fileURLToPath(new URL('../../build-sanitize', import.meta.url));
const PARTS = ['package.json', 'tsconfig.json', 'binding.gyp', 'src-native', 'lib', 'dist', 'examples', 'test'];

// Long loops that ask how much memory grows or who is faster, and programs in processes of their own: nothing of them is
// in this process, where the sanitizers' own memory and slowness would be measured.
const ELSEWHERE = ['leaks', 'target-attack', 'target-killed', 'holders-many', 'changes-many', 'lifetime', 'package'];
const SHORT = [
  'addon',
  'mount',
  'bind',
  'mount-overlay',
  'umount-tree',
  'detached',
  'mount-filesystem',
  'read-mount-table',
];

const library = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim() ?? '';
if (!library.startsWith('/')) {
  console.error('AddressSanitizer is missing: apt-get install gcc libasan8');
  process.exit(1);
}

function run(command, args, env, cwd = copy) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(1);
}

const isBuilt = (path) => /\/(build|node_modules)$/.test(path);
mkdirSync(copy, { recursive: true });
for (const part of PARTS) {
  const filter = (path) => path === join(project, part) || !(isBuilt(path) && !path.includes('/test/native/'));
  cpSync(join(project, part), join(copy, part), { recursive: true, preserveTimestamps: true, filter });
}
if (!existsSync(join(copy, 'node_modules'))) symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
run(process.execPath, [join(project, 'node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build', '--silent'], {
  GYP_DEFINES: 'sanitize=1',
  npm_config_nodedir: join(copy, 'src-native/nodedir'),
});
// Otherwise all would be well whatever the code does.
if (!readFileSync(join(copy, 'build/Release/linux_mount.node')).includes('__asan_init')) {
  throw new Error('the addon was built without AddressSanitizer');
}

const environment = {
  LINUX_MOUNT_PRELOAD: library,
  LINUX_MOUNT_PASSES: 'root',
  ASAN_OPTIONS: 'detect_leaks=1',
  LSAN_OPTIONS: `suppressions=${fileURLToPath(new URL('suppressions.txt', import.meta.url))}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  SANITIZER_OPTIONS_OF_CHILDREN: 'detect_leaks=0',
};
const words = process.argv.slice(2);
if (words[0] === 'fuzz') {
  run(process.execPath, ['test/fuzz/boundary.js', ...words.slice(1)], environment);
} else {
  const isShort = words[0] === '--short';
  const files = isShort ? SHORT.map((name) => `test/kernel/${name}.test.ts`) : [];
  const exclude = ELSEWHERE.flatMap((name) => ['--exclude', `test/**/${name}.test.ts`]);
  const given = isShort ? words.slice(1) : words;
  // One file after the other: each counts the descriptors of the process.
  const vitest = ['--pool=threads', '--no-file-parallelism', ...exclude, ...files, ...given];
  run(process.execPath, ['test/run.js', ...vitest], environment);
}
