import { types } from 'node:util';

/**
 * What an object of options says. An option is what `options.name` reads: the object's own, one that it inherits from
 * another object or a class, and what a getter gives are all the same. To honour some of them only would be to ignore the
 * others in silence.
 *
 * Everything is read once, into a copy that is then checked and used: a getter, or an object that is changed meanwhile,
 * cannot give another value than the one that was checked. The copy has no prototype, so that what somebody adds to
 * Object.prototype is nobody's option.
 */
export type Options = Record<string, unknown>;

/** Whether a value can say something by names: of a list, a Map, a signal or a promise nothing could be read. */
export function isOptionsObject(value: unknown): value is Readonly<Options> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Whether all that an object says is its own, as nearly always, and told by its names. */
export function isPlainObject(value: unknown): value is Readonly<Options> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !types.isProxy(value);
}

/**
 * All that an object says: its own properties, and those that it inherits but for methods and what every object has.
 * Whether they can be enumerated does not matter: those of a class cannot. Undefined when it has no names.
 *
 * @param known what is read of a Proxy in addition, which need not tell its names
 */
export function optionsOf(value: unknown, known: Iterable<string> = []): Options | undefined {
  if (isPlainObject(value)) return ownOf(value);
  if (!isOptionsObject(value)) return undefined;
  const said = ownOf(value);
  for (let from = above(value); from !== null && from !== Object.prototype; from = above(from)) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (!Object.hasOwn(said, name) && !isMethod(from, name)) said[name] = value[name];
    }
  }
  if (!types.isProxy(value)) return said;
  for (const name of known) if (!Object.hasOwn(said, name)) said[name] = value[name];
  return said;
}

// To spread takes a fifth of the time that one property after the other does, but leaves out what is not enumerable.
function ownOf(value: Readonly<Options>): Options {
  const said: Options = Object.setPrototypeOf({ ...value }, null);
  const names = Object.getOwnPropertyNames(value);
  if (names.length === Object.keys(said).length) return said;
  for (const name of names) if (!Object.hasOwn(said, name)) said[name] = value[name];
  return said;
}

function above(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

// The Object.prototype of another realm (node:vm) has nothing else, but for __proto__.
function isMethod(from: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(from, name);
  return (typeof property?.value === 'function' && !property.enumerable) || name === '__proto__';
}
