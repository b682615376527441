// Runs operations in a process that is killed before its first system call, before its second, and so on. The
// operations of the list must be atomic: after the kill there is either the complete mount or no mount.
//
//   node killed.js                    all operations; started by run.js. `--sample N` takes N calls of each, by `--seed S`
//   inject node killed.js NAME COUNT  one operation, killed before the call with this number
import { spawnSync } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { constants, umountSync } from 'linux-mount';
import { caller, lib } from '../../support/library.js';
import { Random } from '../fuzz/random.js';
import { cases } from './cases/index.js';
import { arm, disarm } from './injector.js';
import { Scene } from './scene.js';

const WHOLE = [
  'mountBind plain',
  'mountBind read-only',
  'mountBind read-only, recursive',
  'mountBind with mapped ids',
  'mountOverlay by data',
  'mountOverlay by fsconfig',
  'mountOverlay by descriptors',
  'mountOverlay with mapped lower ids',
  'mountTmpfs',
  'mountFilesystem by fsconfig',
  'mountBind in a root, making a directory',
  'detachedBind',
  'setMountAttributes recursive',
  'moveMount',
];
const inject = fileURLToPath(new URL('../../native/build/Release/inject', import.meta.url));
const named = (name) => cases.find((one) => one.name === name);
const words = process.argv.slice(2);
const [name, count] = words[0]?.startsWith('--') ? [] : words;
const options = { sample: { type: 'string', default: 'Infinity' }, seed: { type: 'string', default: '1' } };
// run.js also passes the options of matrix.js.
const { values } = parseArgs({ options, strict: false });

if (name !== undefined) {
  const one = named(name);
  const scene = new Scene();
  const stage = one.prepare(scene, lib, []);
  console.log(JSON.stringify({ root: scene.root, before: scene.state() }));
  arm({ name: 'any', index: Number(count), code: 'SIGKILL', stays: false });
  one.act(caller('sync'), stage, []);
  const { count: calls } = disarm();
  console.log(JSON.stringify({ after: scene.state(), calls }));
  process.exit(0);
}

/** Runs one operation in a child process. Returns what the process printed, and the mounts after its end. */
function run(one, at) {
  const words = [process.execPath, fileURLToPath(import.meta.url), one.name, String(at)];
  const { stdout, stderr, status } = spawnSync(inject, words, { encoding: 'utf8' });
  const [before, after] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const scene = Object.assign(Object.create(Scene.prototype), { root: before.root });
  const now = JSON.stringify(scene.mounts());
  umountSync(before.root, constants.MNT_DETACH);
  rmdirSync(before.root);
  const mountsOf = (state) => JSON.stringify(JSON.parse(state).slice(0, -1)[0]);
  const { calls } = after ?? {};
  return { now, status, stderr, calls, before: mountsOf(before.before), after: after && mountsOf(after.after) };
}

const random = new Random(Number(values.seed));

/**
 * The numbers of the calls before which the process is killed: all, until an operation makes no more calls, or a
 * sample.
 */
function* chosen(calls) {
  if (values.sample === 'Infinity') for (let at = 1; ; at += 1) yield at;
  const numbers = Array.from({ length: calls }, (_, index) => index + 1);
  while (numbers.length > Number(values.sample)) numbers.splice(random.below(numbers.length), 1);
  yield* numbers;
}

let killed = 0;
let wrong = 0;
for (const one of WHOLE.map(named)) {
  const whole = run(one, 0);
  if (whole.status !== 0) throw new Error(`${one.name}: ${whole.stderr}`);
  // The kernel unmounts a detached mount when the process ends, so the scene may be as before.
  const allowed = [whole.before, whole.after];
  if (!(whole.calls > 0)) throw new Error(`${one.name} makes no system call`);
  for (const at of chosen(whole.calls)) {
    const { now, status } = run(one, at);
    if (status === 0) break; // the operation made fewer calls
    killed += 1;
    if (at > 1000) throw new Error(`${one.name} does not end`);
    if (status === 137 && allowed.includes(now)) continue;
    wrong += 1;
    console.log(`WRONG: ${one.name}, killed before call ${at} (${status}): ${now}`);
  }
}
console.log(`${WHOLE.length} operations, killed ${killed} times: ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
