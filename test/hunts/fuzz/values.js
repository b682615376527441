// Values that a caller may pass by mistake or on purpose.

/** The exception of the getters and traps of these values, which is not an error of the library. */
export class FromOutside extends Error {}

const raise = () => {
  throw new FromOutside('from outside');
};

function detached() {
  const memory = new ArrayBuffer(8);
  const view = new Uint8Array(memory);
  structuredClone(memory, { transfer: [memory] });
  return view;
}

const hollow = () => {
  const list = [];
  list[3] = 'x';
  return list;
};

// No value is a function that throws, because Node.js reports an exception in a callback by a warning.
const MAKERS = [
  () => undefined,
  () => null,
  () => true,
  () => Number.NaN,
  () => -0,
  () => -1,
  () => 1.5,
  () => 2 ** 31,
  () => 2 ** 32,
  () => 2 ** 53,
  () => Number.POSITIVE_INFINITY,
  () => 0n,
  () => -1n,
  () => 2n ** 64n,
  () => 2n ** 64n - 1n,
  () => '',
  () => 'with\0NUL',
  () => '\ud800',
  () => 'x'.repeat(5000),
  () => 'é'.repeat(300),
  () => Symbol('x'),
  () => ({}),
  () => Object.create(null),
  () => [],
  () => hollow(),
  () => [undefined, 1, {}],
  () => Array(2000).fill('x'),
  () => Object.defineProperty(['x'], 0, { get: raise }),
  () => Object.freeze({ length: 3 }),
  () => ({
    get path() {
      return raise();
    },
    root: '/nowhere',
  }),
  () => new Proxy([], { get: raise }),
  () => new Proxy({}, { get: raise, has: raise, ownKeys: raise, getPrototypeOf: raise }),
  () => new Proxy([], {}),
  () => new Proxy(() => {}, {}),
  () => () => {},
  () => new Date(Number.NaN),
  () => /x/,
  () => new Map(),
  () => new Error('x'),
  () => Promise.resolve(),
  () => new ArrayBuffer(4),
  () => new SharedArrayBuffer(4),
  () => new Uint8Array(new SharedArrayBuffer(4)),
  () => new DataView(new ArrayBuffer(4)),
  () => new Float64Array(2),
  () => new Uint8Array(0),
  () => Buffer.from([0xff, 0xfe, 0x2f]),
  () => Buffer.from('with\0NUL'),
  () => Buffer.alloc(9000, 0x61),
  () => detached(),
  () => new URL('file:///nowhere/x'),
  () => new URL('https://nowhere/'),
  () => AbortSignal.abort(),
  () => ({ toString: raise, valueOf: raise, [Symbol.toPrimitive]: raise }),
];

export const anything = (random) => random.pick(MAKERS)();
