import * as lib from 'linux-mount';
import { anything, FromOutside } from './values.js';

const functions = Object.fromEntries(Object.entries(lib).filter(([, value]) => typeof value === 'function'));
const OPERATIONS = Object.keys(functions).filter((name) => !/^[A-Z]/.test(name));

/** What the methods of handles are, found at run time. */
const methodsOf = (handle) =>
  Reflect.ownKeys(Object.getPrototypeOf(handle)).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(handle), name);
    return name !== 'constructor' && typeof value === 'function';
  });

// Of options that wait, or that end something, only values with which they do so soon.
const OPTIONS = {
  readonly: ['boolean'],
  noSuid: ['boolean'],
  noExec: ['boolean'],
  recursive: ['boolean'],
  lazy: ['boolean'],
  force: ['boolean'],
  expire: ['boolean'],
  noFollow: ['boolean'],
  stack: ['boolean'],
  beneath: ['boolean'],
  clone: ['boolean'],
  exclusive: ['boolean'],
  userxattr: ['boolean'],
  volatile: ['boolean'],
  index: ['boolean', 'word'],
  atime: ['word'],
  propagation: ['word'],
  ifMounted: ['word'],
  strategy: ['word'],
  encoding: ['word'],
  flags: ['word', 'number'],
  redirectDir: ['word'],
  size: ['word', 'number'],
  mode: ['number'],
  uid: ['number'],
  nrInodes: ['number', 'word'],
  lower: ['paths', 'path'],
  dataOnly: ['paths'],
  upper: ['path'],
  work: ['path'],
  target: ['target'],
  cwd: ['path'],
  under: ['path'],
  pid: ['number'],
  parameters: ['parameters'],
  source: ['path', 'word'],
  namespace: ['namespace'],
  idmap: ['idmap'],
  lowerIdmap: ['idmap'],
  signal: ['signal'],
  retry: ['retry'],
  then: ['word'],
};
const WORDS = [
  ...['tmpfs', 'overlay', 'ramfs', 'private', 'shared', 'slave', 'unbindable', 'error', 'stack', 'reuse', 'on', 'off'],
  ...['data', 'fsconfig', 'descriptors', 'inherit', 'exact', 'utf8', 'buffer', 'force', 'lazy', 'noatime', 'relatime'],
  ...['1m', '10%', '', 'x,y', 'a=b', 'lowerdir=/a:/b', 'lowerdir=a,upperdir=b,workdir=c', 'option', 'super', 'follow'],
];

export class PublicBoundary {
  #handles = [];
  #place;
  pending = 0;

  constructor(place) {
    this.#place = place;
  }

  call(random) {
    const handle = random.chance(0.2) ? random.pick(this.#handles) : undefined;
    const name = handle === undefined ? random.pick(OPERATIONS) : random.pick(methodsOf(handle));
    const args = random.list(4, () => this.#value(random));
    if (handle === undefined && random.chance(0.7)) {
      // The likeliest form, where most of it may be right.
      args[0] = /Overlay/.test(name) ? this.#options(random) : this.#of('path', random);
      if (!/Overlay|^is|^mountAt|^read|^watch|^holders|^overlay|^parse|^umount/.test(name))
        args[1] = this.#of('target', random);
      if (/Attributes|Tmpfs|remount|umount/.test(name)) args[1] = this.#options(random);
      if (/Propagation/.test(name)) args[1] = random.pick(WORDS);
      if (/Filesystem/.test(name)) args[2] = random.pick(WORDS);
    }
    const make = () => {
      const result = handle === undefined ? functions[name](...args) : handle[name](...args);
      if (result instanceof Promise) this.#await(name, result);
      else this.#keep(result);
    };
    return { name: String(name), args, make };
  }

  mayThrow(error) {
    if (error instanceof FromOutside || error instanceof lib.MountError || error?.name === 'AbortError') return true;
    if (error?.code === 'ERR_INVALID_STATE') return true;
    return (error instanceof TypeError || error instanceof RangeError) && /^ERR_/.test(error.code);
  }

  end() {
    for (const handle of this.#handles.splice(0)) {
      // A mount goes with the place.
      if (handle instanceof lib.DetachedMount) handle[Symbol.dispose]();
    }
  }

  #await(name, promise) {
    this.pending += 1;
    promise.then(
      (result) => {
        this.pending -= 1;
        this.#keep(result);
      },
      (error) => {
        this.pending -= 1;
        if (!this.mayThrow(error))
          this.failed = Object.assign(new Error(`${String(name)} was rejected`), { cause: error });
      },
    );
  }

  #keep(result) {
    if (result instanceof lib.Mount || result instanceof lib.DetachedMount) this.#handles.push(result);
    // Each has descriptors until it is ended.
    if (typeof result?.return === 'function') this.#await('return', result.return());
  }

  #value(random) {
    if (random.chance(0.25)) return anything(random);
    return this.#of(random.pick(['path', 'target', 'word', 'options', 'number', 'options', 'paths', 'bytes']), random);
  }

  #options(random) {
    const names = random.list(5, () => random.pick(Object.keys(OPTIONS)));
    if (random.chance(0.5)) names.push('lower', 'target');
    if (random.chance(0.02)) names.push('noSuchOption');
    return Object.fromEntries(
      names.map((name) => [
        name,
        random.chance(0.1) ? anything(random) : this.#of(random.pick(OPTIONS[name] ?? ['word']), random),
      ]),
    );
  }

  #of(kind, random) {
    const path = () => (random.chance(0.2) ? Buffer.from(this.#place.path(random)) : this.#place.path(random));
    switch (kind) {
      case 'path':
        return path();
      case 'paths':
        return random.list(4, path);
      case 'target':
        if (random.chance(0.6)) return path();
        return {
          root: path(),
          path: path(),
          ...(random.chance(0.3) ? { create: random.pick(['directory', 'file', 'x']) } : {}),
        };
      case 'boolean':
        return random.chance(0.7);
      case 'number':
        return random.pick([0, 1, 2, 4, 7, 32, 0o755, 4096, 0x1000, 1 << random.below(26), random.below(2 ** 32)]);
      case 'options':
        return this.#options(random);
      case 'parameters':
        return Object.fromEntries(
          random.list(3, () => [random.pick(['size', 'mode', 'x', '']), random.pick(['1m', 7, true, null])]),
        );
      case 'namespace':
        return random.pick([{ pid: process.pid }, { fd: 999 }, { path: '/nowhere' }, { pid: 1, fd: 1 }, {}]);
      case 'idmap':
        return random.pick([
          { uid: [{ inside: 0, outside: 1, count: 2 }], gid: [] },
          { owner: { uid: 0, gid: 0 } },
          [],
          {},
        ]);
      case 'signal':
        return random.pick([AbortSignal.abort(), AbortSignal.timeout(random.below(3)), new AbortController().signal]);
      case 'retry':
        return { for: random.below(5) };
      case 'bytes':
        return Buffer.from(random.pick(WORDS));
      default:
        return random.pick(WORDS);
    }
  }
}
