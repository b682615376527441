// npm test: runs the whole suite in four passes at the same time. Each pass has its own mount namespace and its own
// TMPDIR, so that a failing test cannot leave a mount on the machine, and no pass sees the mounts of another.
//
//   root          as root: all tests
//   older-kernel  as root: the tests in test/live/, while seccomp fails the newer system calls with ENOSYS, as an older kernel
//   sandbox       as root: the tests in test/live/, while seccomp fails the newer system calls with EPERM, as some sandboxes
//   user          as an ordinary user, in a user namespace of this user: all tests
//
// `npm test` runs a fiftieth of each long loop, and all files of a pass in one process. After a crash, the files that
// did not finish run again, each in its own process. `npm run test:all` runs each loop in full in the pass "root", and
// each file in its own process. The passes "older-kernel" and "sandbox", which test fallbacks, run a twentieth of each
// loop, and the pass "user" runs a third. Where root cannot run the suite, the pass "user" runs each loop in full. npm
// run test:kernels tests real kernels.
//
// The arguments go to vitest. LINUX_MOUNT_PASSES="root user" chooses passes, and fails if a named pass cannot run.
// LINUX_MOUNT_EFFORT=0.1 runs a tenth of each loop (test/support/effort.ts).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { obstacles, passes, project } from './passes.js';

const words = process.argv.slice(2);
const { LINUX_MOUNT_EFFORT: effort = '0.02' } = process.env;
const named = process.env.LINUX_MOUNT_PASSES?.split(' ').filter((name) => name !== '');
const asked = named ?? Object.keys(passes);
const unknown = asked.find((name) => !(name in passes));
if (unknown !== undefined) throw new Error(`there is no pass "${unknown}": ${Object.keys(passes).join(', ')}`);

const possible = asked.filter((name) => {
  const reason = obstacles[name]();
  if (reason) console.log(`pass "${name}" cannot run: ${reason}`);
  return !reason;
});
if (possible.length === 0) {
  console.error('No pass can run: mounting needs root with CAP_SYS_ADMIN, or user namespaces.');
  process.exit(1);
}
if (named !== undefined && possible.length < named.length) {
  console.error('LINUX_MOUNT_PASSES names a pass that this machine cannot run.');
  process.exit(1);
}
const SHARE = { 'older-kernel': 0.05, sandbox: 0.05, user: possible.includes('root') ? 0.3 : 1 };
const longest = Math.max(...possible.map((name) => name.length));
const isAlone = possible.length === 1;

// Each pass is a process group, so that a signal ends all processes of the pass. This program then removes its
// directories and ends.
const running = new Set();
function signalGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // The process group has ended already.
  }
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of running) signalGroup(child, signal);
  });

/** The result of a pass in which vitest reports nothing. */
const NOTHING = { files: 0, passed: 0, failed: 0, skipped: 0, failures: [], unfinished: [] };

/** Runs vitest in a pass, and returns the result that test/support/reporter.ts writes. */
async function run(name, words) {
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-test-'));
  try {
    const [command, ...rest] = passes[name](words, place);
    const env = {
      ...process.env,
      TMPDIR: place,
      PROJECT: project,
      NODE: process.execPath,
      LINUX_MOUNT_PASS: name,
      LINUX_MOUNT_EFFORT: effort,
      LINUX_MOUNT_SHARE: String(SHARE[name] ?? 1),
      // The passes share the processors, so each time limit grows with the number of passes.
      LINUX_MOUNT_PATIENCE: String(Number(process.env.LINUX_MOUNT_PATIENCE ?? 1) * possible.length),
      LINUX_MOUNT_OUTSIDE: readlinkSync('/proc/self/ns/mnt'),
      LINUX_MOUNT_RESULT: '3',
      // Node.js would read these certificates at each start, which makes the start take four times as long. No test
      // needs the network.
      NODE_EXTRA_CA_CERTS: undefined,
    };
    const stdio = isAlone ? ['inherit', 'inherit', 'inherit', 'pipe'] : ['ignore', 'pipe', 'pipe', 'pipe'];
    const child = spawn(command, rest, { stdio, env, detached: true });
    running.add(child);
    const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
    const closed = outputs.map((stream) => {
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => console.log(`${name.padEnd(longest)} | ${line}`));
      return once(lines, 'close');
    });
    const [[status, signal], report] = await Promise.all([once(child, 'exit'), text(child.stdio[3])]);
    running.delete(child);
    signalGroup(child, 'SIGKILL');
    // A process that a test leaves behind may keep the output open, so this wait has a limit of two seconds.
    await Promise.race([Promise.all(closed), sleep(2_000, undefined, { ref: false })]);
    for (const stream of outputs) stream.destroy();
    const result = { ...NOTHING, ...JSON.parse(report || '{}') };
    if (status === 0 || result.failed > 0 || result.unfinished.length > 0) return result;
    return { ...result, failed: 1, failures: [`vitest ended with ${signal ?? `status ${status}`}`] };
  } finally {
    // The directory is empty, because the tmpfs was mounted in the private mount namespace only. rmdir fails if it is
    // not empty.
    rmdirSync(place);
  }
}

async function runPass(name) {
  const start = performance.now();
  let result = await run(name, words);
  if (result.unfinished.length > 0 && words.length === 0) {
    console.log(`\n=== pass "${name}" has crashed: each file that did not finish runs again in its own process`);
    const again = await run(name, ['--isolate', ...result.unfinished]);
    result = {
      ...again,
      ...Object.fromEntries(['files', 'passed', 'failed', 'skipped'].map((key) => [key, result[key] + again[key]])),
      failures: [...result.failures, ...again.failures],
    };
  }
  const { unfinished } = result;
  return {
    ...result,
    name,
    failed: result.failed + unfinished.length,
    failures: [...result.failures, ...unfinished.map((file) => `${file} did not finish`)],
    seconds: Math.round((performance.now() - start) / 1000),
  };
}

const results = await Promise.all(
  possible.map((name) =>
    runPass(name).catch(({ stack }) => ({ ...NOTHING, name, failed: 1, failures: [stack], seconds: 0 })),
  ),
);
for (const { name, failures } of results)
  if (failures.length > 0) console.log(`\n=== failed in pass "${name}"\n${failures.join('\n')}`);

const COLUMNS = ['files', 'passed', 'failed', 'skipped', 'seconds'];
const row = (name, cell) => name.padEnd(longest) + COLUMNS.map((column) => String(cell(column)).padStart(9)).join('');
console.log(`\n${row('pass', (column) => column)}`);
for (const result of results) console.log(row(result.name, (column) => result[column]));
const sum = (column) => results.reduce((total, result) => total + result[column], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(sum('failed') > 0 ? 1 : 0);
