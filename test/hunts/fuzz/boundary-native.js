// Random calls of the functions that the addon exports.
import { findAddon } from '../../../dist/kernel/addon/load.js';
import { anything, FromOutside } from './values.js';

const addon = findAddon();

/** The functions of the addon, listed at run time so that a new function is included. */
export const names = Object.keys(addon).filter((name) => typeof addon[name] === 'function');

// The addon names the expected type of the first wrong argument, so the types can be found one after another.
const KINDS = [
  ['array', /must be an array/],
  ['number', /must be a number/],
  ['boolean', /must be a boolean/],
  ['id', /must be a bigint/],
  ['cancellation', /must be a cancellation/],
  ['tree', /must be a descriptor/],
  ['watch', /must be an object that this addon/],
  ['function', /must be a function/],
  ['bytes', /must be a string/],
];
const PLAIN = {
  array: [],
  number: 0,
  boolean: false,
  id: null,
  cancellation: null,
  function: () => {},
  bytes: '/nowhere/at/all',
};

/**
 * Returns the types of the arguments of a function. The list ends at an object that only the addon can make; later
 * arguments are guessed.
 */
function signatureOf(name, keep) {
  const kinds = [];
  for (;;) {
    try {
      keep(name, addon[name](...kinds.map((kind) => PLAIN[kind])));
      return kinds;
    } catch ({ message }) {
      const kind = KINDS.find(([, words]) => words.test(message))?.[0];
      if (kind === undefined) throw new Error(`${name}: ${message}`);
      kinds.push(kind);
      if (!(kind in PLAIN)) return kinds;
    }
  }
}

// Functions with a callback and without a synchronous form.
const ASYNC_ONLY = new Set(['scratch', 'watchWait', 'layerOpen', 'layerNext', 'layerClose']);

export class NativeBoundary {
  #signatures;
  #trees = [];
  #cancellations = [];
  #watches = [];
  #walks = [];
  #place;
  pending = 0;

  constructor(place) {
    this.#place = place;
    this.#signatures = new Map(names.map((name) => [name, signatureOf(name, (...kept) => this.#keep(...kept))]));
  }

  /** Returns a random call as a function. */
  call(random) {
    const name = random.pick(names);
    const kinds = this.#signatures.get(name);
    const done = this.#doneOf(name);
    const value = (kind) => (kind === 'function' ? done : this.#value(kind, random));
    const args = kinds.map((kind) => (random.chance(0.12) ? anything(random) : value(kind)));
    if (random.chance(0.05)) args.length = random.below(args.length + 1);
    // The signature is only partly known.
    if (kinds.at(-1) in PLAIN === false) {
      args.push(...random.list(9, () => value(random.pick(Object.keys(PLAIN)))), done);
    }
    const self = random.chance(0.1) ? anything(random) : addon;
    const isAwaited = args.includes(done) && (`${name}Sync` in addon || ASYNC_ONLY.has(name));
    const make = () => {
      const result = Reflect.apply(addon[name], self, args);
      if (isAwaited) this.pending += 1;
      this.#keep(name, result);
    };
    return { name, args, make };
  }

  /** Whether a call is allowed to throw this error. */
  mayThrow(error) {
    if (error instanceof FromOutside) return true;
    return (
      (error instanceof TypeError || error instanceof RangeError) && /^ERR_(INVALID_ARG_|OUT_OF_RANGE)/.test(error.code)
    );
  }

  /** Ends all objects on which calls wait. */
  end() {
    for (const watch of this.#watches.splice(0)) addon.watchClose(watch);
    for (const walk of this.#walks.splice(0)) {
      this.pending += 1;
      addon.layerClose(walk, () => {
        this.pending -= 1;
      });
    }
    for (const tree of this.#trees.splice(0)) {
      try {
        addon.closeSync(tree);
      } catch {
        // the watch is closed already
      }
    }
    this.#cancellations.length = 0;
  }

  #value(kind, random) {
    switch (kind) {
      case 'bytes':
        return random.chance(0.2) ? null : this.#bytes(random);
      case 'array':
        return random.list(6, () => this.#bytes(random));
      case 'number':
        return random.pick([
          0,
          0,
          1,
          2,
          3,
          4,
          6,
          7,
          32,
          4096,
          0x1000,
          0x5000,
          1 << random.below(26),
          random.below(2 ** 32),
        ]);
      case 'boolean':
        return random.chance(0.5);
      case 'id':
        return random.pick([null, 1n, BigInt(random.below(1000)), 2n ** 63n]);
      case 'cancellation':
        return random.chance(0.4) ? random.pick([...this.#cancellations, null]) : null;
      case 'tree':
        return random.pick([...this.#trees, null]);
      case 'watch':
        return random.pick([...this.#watches, ...this.#walks, ...this.#trees, null]);
      default:
        return null;
    }
  }

  #bytes(random) {
    const text = random.chance(0.6) ? this.#place.path(random) : random.pick(WORDS);
    return random.chance(0.3) ? Buffer.from(text) : text;
  }

  #doneOf(name) {
    let isDone = false;
    return (result) => {
      // An exception in a callback would be lost, so the error is stored.
      if (isDone) this.failed = new Error(`${name} has called back twice`);
      isDone = true;
      this.pending -= 1;
      this.#keep(name, result);
    };
  }

  /** Stores the objects that a call returned, and waits for their end. */
  #keep(name, result) {
    if (result === undefined || result === null) return;
    if (name === 'newCancellation') this.#cancellations.push(result);
    if (name === 'watchOpen' && !('error' in result)) this.#watches.push(result);
    if (name === 'layerOpen' && !('error' in result)) this.#walks.push(result);
    if (result.tree !== undefined) this.#trees.push(result.tree);
  }
}

const WORDS = [
  ...['tmpfs', 'overlay', 'ramfs', 'nosuch', 'size=1m', 'ro', 'rw', 'mode=700', 'size=bad', 'index=on', 'x'],
  ...[
    'mountinfo',
    '/proc/thread-self',
    '/proc/self',
    '/proc/self/mountinfo',
    '/proc/self/ns/mnt',
    '/proc/self/ns/user',
  ],
  ...['go', 'mkdir', 'layers', 'write', 'mount', 'umount', 'shown', 'scratch', 'tmpfs', 'directory', 'fsopen', 'clone'],
  ...['0 0 1\n', '0 1000 10', 'a=b', '=', ',', ':', '\\', '\\,', ''],
];
