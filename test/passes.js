// The passes of the test suite: the command of each pass, and why this machine cannot run a pass. test/run.js runs the
// passes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asUser, inNamespaces, isRoot } from '../release/namespaces.js';

/** The top folder of the project. */
export const project = fileURLToPath(new URL('..', import.meta.url));
const deny = join(project, 'test/native/build/Release/deny');

/**
 * The system calls that are newer than mount(2), from Linux 5.2 on, which the passes of an older kernel and of a sandbox
 * deny. The list leaves out openat2(2), because without it a target in a root needs emulation
 * (test/live/target/root.test.ts and a pass of test/hunts/faults deny it), and statx(2), because Node.js itself
 * calls it. Every kernel has both from Linux 5.8 on.
 */
export const NEWER_CALLS = [
  ...['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'],
  ...['statmount', 'listmount', 'getxattrat', 'listxattrat', 'open_tree_attr'],
];

/** Returns arguments of test/native/deny.c: each of the calls fails with this error. */
export const denied = (calls, error) => calls.map((call) => `${call}=${error}`);

const OLDER = denied(NEWER_CALLS, 'ENOSYS');
const SANDBOX = denied(NEWER_CALLS, 'EPERM');

const PARTS = [
  'package.json',
  'tsconfig.json',
  'binding.gyp',
  'build',
  'dist',
  'lib',
  'release',
  'test',
  'examples',
  'node_modules',
];

const PRIVATE = inNamespaces('root');
const AS_ORDINARY_USER = asUser('user');
const PRIVATE_AS_USER = inNamespaces('user');

/** Returns a shell command that runs the script, and then runs the words after it as a command. */
const shell = (script) => ['sh', '-euc', `${script}\nexec "$@"`, 'sh'];

// test/hunts/sanitize preloads a sanitizer library into the process of the tests only, not into the commands that start
// this process.
const { LINUX_MOUNT_PRELOAD: preload } = process.env;

const vitest = (node, directory, words) => [
  ...(preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`]),
  node,
  join(directory, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  join(directory, 'test/vitest.config.js'),
  // By default vite writes a file beside the configuration, where an ordinary user may not write.
  '--configLoader',
  'native',
  '--root',
  directory,
  ...words,
];

/** Mounts a tmpfs at TMPDIR that only this mount namespace sees, for all files that the tests write. */
const WORK_PLACE = shell('mount -t tmpfs -o mode=1777 tests "$TMPDIR"');

// Only root may be able to read the checkout and the Node.js program, so the user gets copies in memory for the length
// of the pass.
const COPIES = shell(`
  mkdir "$TMPDIR/project" "$TMPDIR/work"
  cd "$PROJECT"
  cp -r ${PARTS.join(' ')} "$TMPDIR/project"
  cp "$NODE" "$TMPDIR/node"
  chmod -R go+rX "$TMPDIR/project" "$TMPDIR/node"
  chmod 1777 "$TMPDIR/work"
  # Some machines keep /dev/fuse for root.
  [ ! -c /dev/fuse ] || { mknod -m 666 "$TMPDIR/fuse" c 10 229; export LINUX_MOUNT_FUSE="$TMPDIR/fuse"; }
  cd "$TMPDIR/project"
  export TMPDIR="$TMPDIR/work" HOME="$TMPDIR/work"`);

const here = (words) => vitest(process.execPath, project, words);
/**
 * The command of a pass that denies system calls. Without a file name among the words, the pass runs the tests that
 * mount.
 */
const withDenied = (calls, words) => [
  ...[...PRIVATE, ...WORK_PLACE, deny, ...calls, '--'],
  ...here(words.some((word) => !word.startsWith('-')) ? words : ['test/live/', ...words]),
];

/**
 * Functions that return the command of each pass.
 *
 * @param words arguments of vitest
 * @param place a directory, which is TMPDIR in the environment of the command
 */
export const passes = {
  root: (words) => [...PRIVATE, ...WORK_PLACE, ...here(words)],
  'older-kernel': (words) => withDenied(OLDER, words),
  sandbox: (words) => withDenied(SANDBOX, words),
  user: (words, place) =>
    isRoot
      ? [
          ...[...PRIVATE, ...WORK_PLACE, ...COPIES, ...AS_ORDINARY_USER, ...PRIVATE_AS_USER, ...WORK_PLACE],
          ...vitest(join(place, 'node'), join(place, 'project'), words),
        ]
      : [...PRIVATE_AS_USER, ...WORK_PLACE, ...here(words)],
};

/** Whether a command succeeds. */
const works = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

/** Functions that return why this machine cannot run a pass, or false. */
export const obstacles = {
  root: () => !works(...PRIVATE, 'true') && 'this user may not make a mount namespace (CAP_SYS_ADMIN)',
  'older-kernel': () => !works(...PRIVATE, deny, ...OLDER, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
  sandbox: () => !works(...PRIVATE, deny, ...SANDBOX, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
  user: () => !works(...AS_ORDINARY_USER, ...PRIVATE_AS_USER, 'true') && 'user namespaces are not allowed here',
};
