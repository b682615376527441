// The process that makes the random calls; boundary.js starts it in its own mount namespace. The process writes each
// call to a log before it makes the call, so that boundary.js can name the call after a crash.
import { mkdirSync, readFileSync, rmdirSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { constants, mountSync, umountSync } from 'linux-mount';
import { functionNames } from '../../support/library.js';
import { descriptorNames, threadsEnd } from '../../support/own-process.js';
import { NativeBoundary, names } from './boundary-native.js';
import { PublicBoundary } from './boundary-public.js';
import { Random } from './random.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    layer: { type: 'string' },
    calls: { type: 'string', default: 'Infinity' },
    log: { type: 'string' }, // a descriptor
  },
});
const [seed, log] = [Number(values.seed), Number(values.log)];
const ROUND = 400; // calls between two checks for leaks
const WHOLE = { maxArrayLength: Infinity };
const PATIENCE = 60_000; // the time for pending calls to end, in milliseconds

/**
 * The directory that contains all paths of the calls. The working directory is deep inside it, so that ".." does not
 * lead out.
 */
class Place {
  #below = `${process.env.TMPDIR}/below`;
  root = `${this.#below}/fuzz`;

  constructor() {
    mkdirSync(this.#below);
    this.begin();
  }

  begin() {
    // A random call may unmount the inner tmpfs. The outer tmpfs below it may then become read-only or get whiteouts.
    mountSync('below', this.#below, 'tmpfs', 0, 'mode=755,size=64m');
    mkdirSync(this.root);
    mountSync('fuzz', this.root, 'tmpfs', 0, 'mode=755,size=64m');
    for (const name of ['a/b/c', 'd', 'lower', 'upper', 'work', 'w/w/w/w'])
      mkdirSync(`${this.root}/${name}`, { recursive: true });
    process.chdir(`${this.root}/w/w/w/w`);
  }

  end() {
    process.chdir('/');
    // A mount may cover /proc/self/mountinfo, because the words for the native layer include /proc/self and paths in
    // it.
    try {
      for (;;) umountSync('/proc/self', constants.MNT_DETACH);
    } catch {
      // no mount is left at /proc/self
    }
    for (const point of mountPoints()
      .filter((each) => each.startsWith(`/proc/${process.pid}/`))
      .reverse())
      umountSync(point, constants.MNT_DETACH);
    // The path may have several mounts, because ".." of the option cwd can name it.
    while (mountPoints().includes(this.#below)) umountSync(this.#below, constants.MNT_DETACH);
  }

  forget() {
    rmdirSync(this.#below);
  }

  path(random) {
    const name = random.pick([
      'a',
      'a/b',
      'a/b/c',
      'd',
      'lower',
      'upper',
      'work',
      'new',
      'new/er',
      'a/../d',
      'd/',
      '.',
    ]);
    if (random.chance(0.1)) return random.pick(['.', '..', 'x', 'x'.repeat(300), 'a\nb', '../w']);
    return `${this.root}/${name}`;
  }
}

function mountPoints() {
  return readFileSync('/proc/self/mountinfo', 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[4]);
}

function state() {
  return {
    descriptors: descriptorNames(),
    mounts: mountPoints(),
    umask: process.umask(),
    namespace: readFileSync('/proc/self/status', 'latin1').match(/NSpid:.*/)?.[0],
  };
}

/** Waits until at most `most` calls are pending. */
async function settled(boundary, most = 0) {
  for (const end = Date.now() + PATIENCE; boundary.pending > most; ) {
    if (Date.now() > end) throw new Error(`${boundary.pending} calls did not end`);
    await sleep(1);
  }
}

async function stateIs(before) {
  for (let wait = 1; wait < 5000; wait *= 2) {
    if (JSON.stringify(state()) === JSON.stringify(before)) return;
    globalThis.gc();
    await sleep(wait);
  }
  throw new Error(`before ${inspect(before, WHOLE)}, now ${inspect(state(), WHOLE)}`);
}

const place = new Place();
const boundaries = { native: new NativeBoundary(place), public: new PublicBoundary(place) };
place.end();
boundaries.native.end();
await threadsEnd();
globalThis.gc();
const before = state();

const counts = { calls: 0, refused: 0 };
const used = new Set();
const end = performance.now() + Number(values.seconds) * 1000;
let round = 0;
for (; performance.now() < end && counts.calls < Number(values.calls); round += 1) {
  const layer = values.layer ?? (round % 2 === 0 ? 'native' : 'public');
  const boundary = boundaries[layer];
  const random = new Random(seed + round);
  place.begin();
  for (let at = 0; at < ROUND; at += 1) {
    once(layer, random, `${layer} round ${seed + round} call ${at}`);
    if (boundary.pending > 64) await settled(boundary, layer === 'public' ? 0 : 64);
    if (at % 20 === 0) await sleep(0);
    if (boundary.failed !== undefined) throw boundary.failed;
  }
  boundary.end();
  await settled(boundary);
  boundary.end();
  if (boundary.failed !== undefined) throw boundary.failed;
  place.end();
  await stateIs(before);
}

// A separate function releases all values of the previous call.
function once(layer, random, where) {
  const boundary = boundaries[layer];
  const { name, args, make } = boundary.call(random);
  writeSync(log, `${where}: ${describe(name, args)}`.slice(0, 2000).padEnd(4000), 0);
  counts.calls += 1;
  used.add(`${layer} ${name}`);
  try {
    make();
  } catch (error) {
    if (!boundary.mayThrow(error)) throw Object.assign(new Error(`${name} threw`), { cause: error });
    counts.refused += 1;
  }
}

function describe(name, args) {
  try {
    return `${name}(${args.map((each) => inspect(each, { depth: 3, maxStringLength: 80, maxArrayLength: 8, breakLength: Infinity })).join(', ')})`;
  } catch {
    return `${name}(… what cannot be shown …)`;
  }
}

place.forget();
const native = [...used].filter((each) => each.startsWith('native ')).length;
if (values.layer !== 'public' && round >= 20 && native < names.length)
  throw new Error(`only ${native} of ${names.length} exports were called`);
const missing = functionNames.filter((name) => !used.has(`public ${name}`));
if (values.layer !== 'native' && round >= 20 && missing.length > 0) throw new Error(`never called: ${missing}`);
console.log(
  `${counts.calls} calls in ${round} rounds, ${counts.refused} rejected; ${native} exports of the addon, ${used.size - native} functions and methods`,
);
