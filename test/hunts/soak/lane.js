// A lane: runs one random operation after another, in directories on which no other lane mounts. Several lanes run at
// once.
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { caller, lib, nameIn } from '../../support/library.js';
import { Random } from '../fuzz/random.js';
import { kinds } from './operations.js';

const PATIENCE = 20_000;

/** Makes what all lanes use and no lane changes: layers, and a tree of mounts. */
export function prepare(scene) {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`file${index}`, 'top']));
  const lower = [scene.directory('top', many), scene.directory('base', { file1: 'base', file20: 'base' })];
  const source = scene.directory('source', { file: 'x' });
  const tree = scene.mounted('tree', 'a');
  scene.mounted('tree/a');
  return { root: scene.root, lower, source, tree };
}

const directory = (path) => {
  mkdirSync(path, { recursive: true });
  return path;
};

const isMounted = (path) =>
  readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .some((line) => line.split(' ')[4] === path);

/**
 * The directories of a lane. After an abort the lane continues in other directories, because the aborted operation may
 * still run.
 */
class Place {
  constructor(shared, name) {
    const of = (what) => directory(join(shared.root, `${name}${what}`));
    this.given = {
      ...shared,
      name,
      directory,
      at: of(''),
      other: of('-other'),
      upper: of('-upper'),
      work: of('-work'),
    };
  }

  /** Removes the directories when nothing is mounted on them any more. They must be empty then. */
  async end() {
    const { at, other, upper, work } = this.given;
    for (const end = Date.now() + PATIENCE; ; await sleep(2)) {
      try {
        // An aborted move may move the mount back.
        if (isMounted(other)) lib.umountSync(other);
        for (const path of [at, other, upper].filter(existsSync)) rmdirSync(path);
        break;
      } catch (error) {
        if (Date.now() > end)
          throw Object.assign(new Error(`${this.kind} has left something in ${at}`), { cause: error });
      }
    }
    // overlayfs leaves a directory in the work directory.
    rmSync(work, { recursive: true });
  }
}

export class Lane {
  /** How often each function was called. */
  calls = new Map();
  counts = new Map();
  #random;
  #shared;
  #places = [];

  /** @param isCancelling whether some operations are aborted, and may fail then */
  constructor(name, seed, shared, { child, isCancelling }) {
    Object.assign(this, { name, child, isCancelling });
    this.#random = new Random(seed);
    this.#shared = shared;
    this.#goOn();
  }

  async run(count) {
    const names = Object.keys(kinds);
    for (let done = 0; done < count; done += 1) {
      await this.#once(this.#random.pick(names));
      if (this.#random.chance(0.2)) await sleep(0);
    }
  }

  async end() {
    for (const place of this.#places) await place.end();
  }

  #goOn() {
    this.#places.push(new Place(this.#shared, `${this.name}-${this.#places.length}`));
  }

  async #once(kind) {
    const controller = this.isCancelling && this.#random.chance(0.5) ? new AbortController() : undefined;
    const delay = this.#random.below(4);
    if (delay === 0) controller?.abort();
    else if (controller !== undefined) setTimeout(() => controller.abort(), delay);
    const undo = [];
    let ending = 'done';
    try {
      try {
        await kinds[kind](this.#given(undo, controller?.signal));
      } finally {
        for (const each of undo.reverse()) await each();
      }
    } catch (error) {
      if (controller?.signal.aborted !== true)
        throw Object.assign(new Error(`${kind} in ${this.name}`), { cause: error });
      ending = error.name === 'AbortError' ? 'aborted' : 'failed';
      this.#places.at(-1).kind = kind;
      this.#goOn();
    }
    const counted = this.counts.get(kind) ?? { done: 0, aborted: 0, failed: 0 };
    this.counts.set(kind, counted);
    counted[ending] += 1;
  }

  #given(undo, signal) {
    const call = (name, object) => this.#call(name, object, signal !== undefined);
    const unlessGone = (act) => async () => {
      try {
        await act();
      } catch (error) {
        if (!(error instanceof lib.MountError) || error.code !== 'EINVAL') throw error;
      }
    };
    // An aborted operation may still run, so unmounting the same target may find the mount busy or half made.
    const patiently = signal === undefined ? [] : [{ recursive: true, retry: { for: PATIENCE } }];
    return {
      ...this.#places.at(-1).given,
      call,
      signal,
      random: this.#random,
      child: this.child,
      keep: (mount) => {
        undo.push(() => call('unmount', mount)(...patiently));
        return mount;
      },
      // Another call may have unmounted the path already.
      keepPath: (path) => undo.push(unlessGone(() => call('umount')(path, ...patiently))),
      after: (act) => undo.push(act),
      drop: (mount, isClosed) => isClosed && undo.push(() => call('close', mount)()),
    };
  }

  /** Returns a function or method in a random form, or in the asynchronous form for operations that may be aborted. */
  #call(name, object, isAsync) {
    const form = !isAsync && this.#random.chance(0.4) ? 'sync' : 'async';
    const full = nameIn(form, name, object);
    if (object === undefined) this.calls.set(full, (this.calls.get(full) ?? 0) + 1);
    return caller(form)(name, object);
  }
}
