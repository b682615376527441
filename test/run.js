// npm test: the whole suite, in mount namespaces of its own, so that no failing test can leave a mount on the machine.
//
//   root          as root: all tests, and every loop as long as its test says
//   older-kernel  as root: the tests in test/kernel/ with the newer calls missing (seccomp: ENOSYS), as on an older kernel
//   sandbox       as root: the same with the newer calls refused (EPERM), as some sandboxes do
//   user          as an ordinary user, in a user namespace of that user: all tests
//
// The two in the middle are about the fallbacks, each of which is gone in them: a twentieth of the loops is enough. Of
// the last a third is, where root has run them all. An ordinary user runs the last only, and every loop in full. Real
// kernels are another command: npm run test:kernels.
//
// Arguments are passed on to vitest. LINUX_MOUNT_PASSES="root user" chooses, and those that it names must be possible;
// LINUX_MOUNT_EFFORT=0.1 does a tenth of these loops (test/support/effort.ts).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denied, NEWER } from './support/newer-calls.js';

const project = fileURLToPath(new URL('..', import.meta.url));
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

// Of the tests only, not of the commands on the way there: what test/sanitize has to be in their process from the start.
const { LINUX_MOUNT_PRELOAD: preload } = process.env;

const vitest = (node, directory, ...more) => [
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
  ...more,
  ...process.argv.slice(2),
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

const passes = {
  root: () => [...PRIVATE, ...WORK_PLACE, ...vitest(process.execPath, project)],

  'older-kernel': () => [
    ...PRIVATE,
    ...WORK_PLACE,
    ...[deny, ...OLDER, '--'],
    ...vitest(process.execPath, project, ...(process.argv.length > 2 ? [] : ['test/kernel/'])),
  ],

  sandbox: () => [
    ...PRIVATE,
    ...WORK_PLACE,
    ...[deny, ...SANDBOX, '--'],
    ...vitest(process.execPath, project, ...(process.argv.length > 2 ? [] : ['test/kernel/'])),
  ],

  user: (place) =>
    process.getuid() === 0
      ? [
          ...[...PRIVATE, ...WORK_PLACE, ...COPIES, ...AS_ORDINARY_USER, ...PRIVATE_AS_USER, ...WORK_PLACE],
          ...vitest(join(place, 'node'), join(place, 'project')),
        ]
      : [...PRIVATE_AS_USER, ...WORK_PLACE, ...vitest(process.execPath, project)],
};

const named = process.env.LINUX_MOUNT_PASSES?.split(' ').filter((name) => name !== '');
const asked = named ?? Object.keys(passes);
const unknown = asked.find((name) => !(name in passes));
if (unknown !== undefined) throw new Error(`there is no pass "${unknown}": ${Object.keys(passes).join(', ')}`);

/** Whether a command succeeds; its output is of no interest. */
const works = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;

function possiblePasses() {
  const asUser = process.getuid() === 0 ? AS_ORDINARY_USER : [];
  const reasons = {
    root: !works(...PRIVATE, 'true') && 'this user may not make a mount namespace (CAP_SYS_ADMIN)',
    'older-kernel': !works(...PRIVATE, deny, ...OLDER, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
    sandbox: !works(...PRIVATE, deny, ...SANDBOX, '--', 'true') && 'seccomp or CAP_SYS_ADMIN is missing',
    user: !works(...asUser, ...PRIVATE_AS_USER, 'true') && 'user namespaces are not allowed here',
  };
  for (const [name, reason] of Object.entries(reasons)) {
    if (reason && asked.includes(name)) console.log(`pass "${name}" is not possible: ${reason}`);
  }
  return asked.filter((name) => !reasons[name]);
}

const possible = possiblePasses();
const EFFORT = { 'older-kernel': 0.05, sandbox: 0.05, user: possible.includes('root') ? 0.3 : 1 };

function run(name) {
  console.log(`\n=== pass "${name}"`);
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-test-'));
  try {
    const [command, ...rest] = passes[name](place);
    const env = {
      ...process.env,
      TMPDIR: place,
      PROJECT: project,
      NODE: process.execPath,
      LINUX_MOUNT_PASS: name,
      LINUX_MOUNT_EFFORT: String((EFFORT[name] ?? 1) * Number(process.env.LINUX_MOUNT_EFFORT ?? 1)),
      LINUX_MOUNT_OUTSIDE: readlinkSync('/proc/self/ns/mnt'),
      LINUX_MOUNT_FAILURES: '3',
    };
    const stdio = ['inherit', 'inherit', 'inherit', 'pipe'];
    const { status, output } = spawnSync(command, rest, { stdio, env, encoding: 'utf8', maxBuffer: Infinity });
    return { name, isGood: status === 0, failures: output[3] };
  } finally {
    // Empty, as the tmpfs was only ever in the namespace. Were it not, this would fail rather than delete anything.
    rmdirSync(place);
  }
}

if (possible.length === 0) {
  console.error('No pass is possible: root with CAP_SYS_ADMIN, or user namespaces, are needed to mount anything.');
  process.exit(1);
}
if (named !== undefined && possible.length < named.length) {
  console.error('LINUX_MOUNT_PASSES names what is not possible here.');
  process.exit(1);
}
const failed = possible.map(run).filter(({ isGood }) => !isGood);
if (failed.length > 0) {
  for (const { name, failures } of failed) console.error(`\n=== failed in pass "${name}"\n${failures}`);
  console.error(`\nfailed: ${failed.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
