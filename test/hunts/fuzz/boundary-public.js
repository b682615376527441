// Random calls of the functions that the package exports, and of the methods of the handles that they return.
import { functionNames, lib, nameIn } from '../../support/library.js';
import { Values } from './boundary-values.js';
import { KnownOptions } from './known-options.js';
import { FromOutside } from './values.js';

/** The names of the methods of a handle, listed at run time. */
const methodsOf = (handle) =>
  Reflect.ownKeys(Object.getPrototypeOf(handle)).filter((name) => {
    const { value } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(handle), name);
    return name !== 'constructor' && typeof value === 'function';
  });

// The arguments before the options, for functions that do not take a path first.
const ARGUMENTS = [
  [/^mount$/, ['path', 'path', 'word', 'number', 'bytes']],
  [/^mountFilesystem$/, ['path', 'target', 'word']],
  [/^detachedFilesystem$/, ['word', 'word']],
  [/^setPropagation$/, ['target', 'word']],
  [/^(mountBind|moveMount)$/, ['path', 'target']],
  [/^(attach|umount|remountFilesystem|setMountAttributes|mountTmpfs)$/, ['target']],
  [/^parse/, ['bytes']],
  [/^(byId|isHidden|diff)$/, ['ofTable']],
];
const MOST_HANDLES = 100;
const isIterator = (handle) => typeof handle.return === 'function';

export class PublicBoundary {
  #handles = [];
  #tables = [];
  #known = new KnownOptions();
  #values;
  pending = 0;

  /** @param place a scratch directory in which mounts can be made, to learn the methods of handles */
  constructor(place) {
    for (const name of functionNames.filter((each) => !each.endsWith('Sync'))) {
      this.#known.learn(name, lib[nameIn('sync', name)]);
    }
    const mount = lib.mountTmpfsSync(`${place.root}/d`);
    const handles = [mount, lib.readMountTableSync()];
    try {
      handles.push(lib.detachedFilesystemSync('x', 'tmpfs'));
    } catch {
      // This kernel lacks the operation that returns the handle.
    }
    for (const handle of handles) {
      for (const name of methodsOf(handle).filter((each) =>
        /^(unmount|attach|setAttributes|filter)$/.test(String(each)),
      ))
        this.#known.learn(name, (...args) => handle[nameIn('sync', name, handle)](...args));
    }
    mount.unmountSync();
    handles[2]?.closeSync();
    this.#values = new Values(place, this.#known);
  }

  call(random) {
    const handle = random.chance(0.3) ? random.pick([...this.#handles, ...this.#tables]) : undefined;
    const name = handle === undefined ? random.pick(functionNames) : random.pick(methodsOf(handle));
    const args = random.list(4, () => this.#values.any(random));
    if (random.chance(0.8)) this.#makeLikely(String(name).replace(/Sync$/, ''), args, random);
    const make = () => {
      const result = handle === undefined ? lib[name](...args) : handle[name](...args);
      if (result instanceof Promise) this.#await(name, result, handle);
      else this.#keep(result);
    };
    return { name: String(name), args, make };
  }

  mayThrow(error) {
    if (error instanceof FromOutside || error instanceof lib.MountError || error?.name === 'AbortError') return true;
    // setAddon() rarely receives an addon, and then throws one of these errors.
    if (['ERR_INVALID_STATE', 'ERR_DLOPEN_FAILED'].includes(error?.code)) return true;
    return (error instanceof TypeError || error instanceof RangeError) && /^ERR_/.test(error.code);
  }

  /** Ends everything that does not end by itself. */
  end() {
    for (const [at, handle] of this.#handles.splice(0).entries()) {
      // The mounts go with the scratch directory, and garbage collection closes the descriptors of dropped handles. A
      // watcher with a pending next() waits until an event comes, so it must be ended.
      if (isIterator(handle) && (handle.isAsked || at % 2 === 0)) this.#await('return', handle.return());
      if (handle instanceof lib.DetachedMount) handle[Symbol.dispose]();
    }
    this.#tables.length = 0;
  }

  /** Changes random arguments into arguments that are mostly valid. */
  #makeLikely(name, args, random) {
    const places = this.#known.placesOf(name).filter(({ names }) => !names.includes('root'));
    const kinds = ARGUMENTS.find(([pattern]) => pattern.test(name))?.[1] ?? (places[0]?.at === 0 ? [] : ['path']);
    for (const [at, kind] of kinds.entries()) args[at] = this.#of(kind, random);
    for (const { at, names } of places) args[at] = this.#values.options(random, names);
  }

  #of(kind, random) {
    const table = random.pick(this.#tables);
    if (kind !== 'ofTable' || table === undefined) return this.#values.of(kind, random);
    const entry = random.pick(table.entries);
    return random.pick([table, entry, entry.id]);
  }

  #await(name, promise, handle) {
    // next() of a watcher may never settle, so the call counts when the watcher ends.
    const isCounted = !(name === 'next' && handle !== undefined);
    if (!isCounted) handle.isAsked = true;
    if (isCounted) this.pending += 1;
    promise
      .then(
        (result) => this.#keep(result),
        (error) => {
          if (!this.mayThrow(error))
            this.failed = Object.assign(new Error(`${String(name)} was rejected`), { cause: error });
        },
      )
      .finally(() => {
        if (isCounted) this.pending -= 1;
      });
  }

  #keep(result) {
    if (typeof result !== 'object' || result === null) return;
    if (result instanceof lib.MountTable) {
      this.#tables.push(result);
      if (this.#tables.length > 3) this.#tables.shift();
    } else if (result instanceof lib.Mount || result instanceof lib.DetachedMount || isIterator(result)) {
      if (this.#handles.includes(result)) return; // an iterator returns itself
      if (this.#handles.length < MOST_HANDLES) this.#handles.push(result);
      else if (isIterator(result)) this.#await('return', result.return());
      else if (result instanceof lib.DetachedMount) result[Symbol.dispose]();
    }
  }
}
