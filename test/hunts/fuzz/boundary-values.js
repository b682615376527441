// Random argument values and options for calls of the package.
import { anything } from './values.js';

// The library does not report which values these options accept. Options that wait, or that end a process, get only
// values with which the call ends soon.
const KINDS = {
  size: ['word', 'number'],
  nrBlocks: ['number', 'word'],
  nrInodes: ['number', 'word'],
  mode: ['number'],
  uid: ['number', 'ranges'],
  gid: ['number', 'ranges'],
  mpol: ['word'],
  lower: ['paths', 'path'],
  dataOnly: ['paths'],
  upper: ['path'],
  work: ['path'],
  target: ['target'],
  root: ['path'],
  path: ['path'],
  cwd: ['path'],
  under: ['path'],
  pid: ['pid'],
  fd: ['number'],
  for: ['soon'],
  inside: ['number'],
  outside: ['number'],
  count: ['number'],
  owner: ['owner'],
  appearsAs: ['owner'],
  userNamespace: ['namespace'],
  parameters: ['parameters'],
  source: ['path', 'word'],
  fsType: ['word'],
  namespace: ['namespace'],
  idmap: ['idmap'],
  lowerIdmap: ['idmap'],
  signal: ['signal'],
  retry: ['retry'],
  flags: ['number'],
};
export const WORDS = [
  ...['tmpfs', 'overlay', 'ramfs', 'private', 'shared', 'slave', 'unbindable', 'error', 'stack', 'reuse', 'on', 'off'],
  ...['data', 'fsconfig', 'descriptors', 'inherit', 'exact', 'utf8', 'buffer', 'force', 'lazy', 'noatime', 'relatime'],
  ...['1m', '10%', '', 'x,y', 'a=b', 'lowerdir=/a:/b', 'lowerdir=a,upperdir=b,workdir=c', 'option', 'super', 'follow'],
  ...['default', 'interleave', 'bind:0', 'y', 'x', 'device', 'xattr', 'table'],
];
const USUAL = ['path', 'target', 'word', 'options', 'number', 'options', 'paths', 'bytes', 'id'];

/** A source of random values, valid and invalid. */
export class Values {
  #place;
  #known;
  #names;

  constructor(place, known) {
    this.#place = place;
    this.#known = known;
    this.#names = [...known.kinds.keys()];
    const without = this.#names.filter((name) => this.#kindsOf(name).length === 0);
    if (without.length > 0) throw new Error(`KINDS lacks the values of these options: ${without.join(', ')}`);
    const gone = Object.keys(KINDS).filter((name) => !known.kinds.has(name));
    if (gone.length > 0) throw new Error(`no function has the options ${gone.join(', ')}: remove them from KINDS`);
  }

  any(random) {
    return random.chance(0.25) ? anything(random) : this.of(random.pick(USUAL), random);
  }

  /**
   * Returns a random options object.
   *
   * @param names the options of the function; the object sometimes contains other options too
   */
  options(random, names = this.#names) {
    const chosen = random.list(5, () => random.pick(random.chance(0.9) ? names : this.#names));
    // Most objects get the required options, without which the function checks nothing else. An overlay without an
    // upper directory changes nothing.
    for (const name of ['lower', 'target', 'root', 'path'])
      if (names !== this.#names && names.includes(name) && random.chance(0.9)) chosen.push(name);
    if (names === this.#names && random.chance(0.5)) chosen.push('lower', 'target');
    if (chosen.includes('upper') && random.chance(0.8)) chosen.push('work');
    if (random.chance(0.02)) chosen.push('noSuchOption');
    return Object.fromEntries(
      chosen.map((name) => [name, random.chance(0.06) ? anything(random) : this.#ofOption(name, random)]),
    );
  }

  #kindsOf(name) {
    const { isBoolean, words } = this.#known.kinds.get(name);
    return [...(isBoolean ? ['boolean'] : []), ...(words.length > 0 ? [words] : []), ...(KINDS[name] ?? [])];
  }

  #ofOption(name, random) {
    if (!this.#known.kinds.has(name)) return 1;
    const kind = random.pick(this.#kindsOf(name));
    return Array.isArray(kind) ? random.pick(kind) : this.of(kind, random);
  }

  of(kind, random) {
    const path = () => (random.chance(0.2) ? Buffer.from(this.#place.path(random)) : this.#place.path(random));
    switch (kind) {
      case 'path':
        return path();
      case 'paths':
        return random.list(4, path);
      case 'target':
        return random.chance(0.6)
          ? path()
          : {
              root: path(),
              path: path(),
              ...this.options(random, ['create', 'noSymlinks', 'noXdev', 'allowEmulation']),
            };
      case 'boolean':
        return random.chance(0.7);
      case 'number':
        return random.pick([0, 1, 2, 4, 7, 32, 0o755, 4096, 0x1000, 1 << random.below(26), random.below(2 ** 32)]);
      case 'id':
        return random.pick([0n, 1n, BigInt(random.below(1000)), 2n ** 64n]);
      case 'pid':
        return random.pick([process.pid, 1, 0, random.below(2 ** 31)]);
      case 'soon':
        return random.below(5);
      case 'options':
        return this.options(random);
      case 'parameters':
        return Object.fromEntries(
          random.list(3, () => [random.pick(['size', 'mode', 'x', '']), random.pick(['1m', 7, true, null])]),
        );
      case 'namespace':
        return random.pick([{ pid: process.pid }, { fd: 999 }, { path: '/nowhere' }, { pid: 1, fd: 1 }, {}]);
      case 'ranges':
        return random.list(3, () => ({ inside: random.below(4), outside: random.below(9), count: random.below(3) }));
      case 'owner':
        return { uid: random.below(3), gid: random.below(3) };
      case 'idmap':
        return random.pick([
          { uid: this.of('ranges', random), gid: this.of('ranges', random) },
          { owner: this.of('owner', random), appearsAs: this.of('owner', random) },
          { userNamespace: this.of('namespace', random) },
          [],
          {},
        ]);
      case 'signal':
        return random.pick([AbortSignal.abort(), AbortSignal.timeout(random.below(3)), new AbortController().signal]);
      case 'retry':
        return { for: random.below(5), ...(random.chance(0.3) ? { signal: this.of('signal', random) } : {}) };
      case 'bytes':
        return Buffer.from(random.pick(WORDS));
      default:
        return random.pick(WORDS);
    }
  }
}
