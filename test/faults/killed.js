import { spawnSync } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as lib from 'linux-mount';
import { constants, umountSync } from 'linux-mount';
import { cases } from './cases.js';
import { arm } from './injector.js';
import { Scene } from './scene.js';

// Does an operation in a process that is killed before its first system call, its second, and so on. All or nothing is
// asked of those that show what they make in one step: afterwards there is the mount as it was asked for, or none.
//
//   node killed.js                    all of them; started by run.js
//   inject node killed.js NAME COUNT  one, killed before the call of this number

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
const inject = fileURLToPath(new URL('../native/build/Release/inject', import.meta.url));
const functions = { ...lib };
const named = (name) => cases.find((one) => one.name === name);
const [name, count] = process.argv.slice(2);

if (name !== undefined) {
  const one = named(name);
  const scene = new Scene();
  const stage = one.prepare(scene, lib, []);
  const call = (method, object) =>
    object === undefined ? functions[`${method}Sync`] : object[`${method}Sync`].bind(object);
  console.log(JSON.stringify({ root: scene.root, before: scene.state() }));
  arm({ name: 'any', index: Number(count), code: 'SIGKILL', stays: false });
  one.act(call, stage, []);
  console.log(JSON.stringify({ after: scene.state() }));
  process.exit(0);
}

/** Runs one; what it had said, and what is there when it is gone. */
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
  return { now, status, stderr, before: mountsOf(before.before), after: after && mountsOf(after.after) };
}

let killed = 0;
let wrong = 0;
for (const one of WHOLE.map(named)) {
  const whole = run(one, 0);
  if (whole.status !== 0) throw new Error(`${one.name}: ${whole.stderr}`);
  // A mount without a place is gone with its process.
  const allowed = [whole.before, whole.after];
  for (let at = 1; ; ++at) {
    const { now, status } = run(one, at);
    if (status === 0) break;
    killed += 1;
    if (status === 137 && allowed.includes(now)) continue;
    wrong += 1;
    console.log(`WRONG: ${one.name}, killed before call ${at} (${status}): ${now}`);
  }
}
console.log(`${WHOLE.length} operations, killed ${killed} times: ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
