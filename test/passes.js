// The passes of the suite: the command of each, and why this machine may not allow it. test/run.js runs them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denied, NEWER } from './support/newer-calls.js';

/** The top of the project. */
export const project = fileURLToPath(new URL('..', import.meta.url));
const deny = join(project, 'test/native/build/Release/deny');
const OLDER = denied(NEWER, 'ENOSYS');
const SANDBOX = denied(NEWER, 'EPERM');

// An id that no account has. It needs neither an entry in /etc/passwd nor a home.
const ORDINARY_ID = 54321;
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

const PRIVATE = ['unshare', '--mount', '--propagation', 'private', '--'];
const AS_ORDINARY_USER = ['setpriv', `--reuid=${ORDINARY_ID}`, `--regid=${ORDINARY_ID}`, '--clear-groups', '--'];
const PRIVATE_AS_USER = ['unshare', '--user', '--map-root-user', '--mount', '--propagation', 'private', '--'];

/** Runs the words after the script as a command, when the script is done. */
const shell = (script) => ['sh', '-euc', `${script}\nexec "$@"`, 'sh'];

// Of the tests only, not of the commands on the way there: what test/hunts/sanitize has to be in their process from the start.
const { LINUX_MOUNT_PRELOAD: preload } = process.env;

const vitest = (node, directory, words) => [
  ...(preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`]),
  node,
  join(directory, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  join(directory, 'test/vitest.config.js'),
  // Otherwise vite writes beside the configuration, where an ordinary user may not.
  '--configLoader',
  'native',
  '--root',
  directory,
  ...words,
];

/** Everything that a test writes goes to a tmpfs that only this namespace sees. */
const WORK_PLACE = shell('mount -t tmpfs -o mode=1777 tests "$TMPDIR"');

// The checkout and Node may be where only root can read, so the user gets copies, in memory and for this pass only.
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
/** Where the words name no file, the tests that mount. */
const withDenied = (calls, words) => [
  ...[...PRIVATE, ...WORK_PLACE, deny, ...calls, '--'],
  ...here(words.some((word) => !word.startsWith('-')) ? words : ['test/live/', ...words]),
];

/**
 * The command of each pass.
 *
 * @param words for vitest
 * @param place a directory, which is TMPDIR in the environment of the command
 */
export const passes = {
  root: (words) => [...PRIVATE, ...WORK_PLACE, ...here(words)],
  'older-kernel': (words) => withDenied(OLDER, words),
  sandbox: (words) => withDenied(SANDBOX, words),
  user: (words, place) =>
    process.getuid() === 0
      ? [
          ...[...PRIVATE, ...WORK_PLACE, ...COPIES, ...AS_ORDINARY_USER, ...PRIVATE_AS_USER, ...WORK_PLACE],
          ...vitest(join(place, 'node'), join(place, 'project'), words),
        ]
      : [...PRIVATE_AS_USER, ...WORK_PLACE, ...here(words)],
};

/** Whether a command succeeds; its output is of no interest. */
const works = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

/** Why a pass is not possible on this machine; false where it is. */
export const obstacles = {
  root: () => !works(...PRIVATE, 'true') && 'this user may not make a mount namespace (CAP_SYS_ADMIN)',
  'older-kernel': () => !works(...PRIVATE, deny, ...OLDER, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
  sandbox: () => !works(...PRIVATE, deny, ...SANDBOX, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
  user: () =>
    !works(...(process.getuid() === 0 ? AS_ORDINARY_USER : []), ...PRIVATE_AS_USER, 'true') &&
    'user namespaces are not allowed here',
};
