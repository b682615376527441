import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { runNode } from '../support/child.js';
import { projectRoot } from '../support/environment.js';
import { test } from '../support/place.js';
import { mountTable } from '../support/table.js';
import { detachedBuffer } from '../support/values.js';

// The addon is not for users, but it can be loaded: nonsense has to throw, never to abort the process.
type Export = (...values: unknown[]) => unknown;
const addon: Record<string, Export> = createRequire(import.meta.url)('node-gyp-build')(projectRoot);
const done = () => {};

// Closed, so that to wait for it ends at once.
const watch = addon['watchOpen']?.();
addon['watchClose']?.(watch);

const right = {
  mountSync: ['x', '/nowhere', 'tmpfs', 0, null, null, false],
  mount: ['x', '/nowhere', 'tmpfs', 0, null, null, false, done],
  umountSync: ['/nowhere', 0, null],
  umount: ['/nowhere', 0, null, done],
  overlaySync: ['x', '/nowhere', ['/nowhere'], [], null, null, [], 0, null, 6, false, false],
  overlay: ['x', '/nowhere', ['/nowhere'], [], null, null, [], 0, null, 6, false, false, done],
  examineSync: [['/nowhere'], ['/nowhere'], null, null],
  examine: [['/nowhere'], ['/nowhere'], null, null, done],
  scratch: ['/nowhere', [], null, done],
  tableSync: ['/nowhere'],
  table: ['/nowhere', done],
  mountRootSync: ['/nowhere'],
  mountRoot: ['/nowhere', done],
  mountAtSync: ['/nowhere'],
  mountAt: ['/nowhere', done],
  watchWait: [watch, done],
  watchClose: [watch],
} as const;

const names = Object.keys(right) as (keyof typeof right)[];

test('exports what the typed floor expects, and nothing else', () => {
  expect(Object.keys(addon).sort()).toEqual([...names, 'watchOpen', 'pageSize'].sort());
});

describe.each(names)('%s', (name) => {
  test.each([
    [undefined],
    [1.5],
    [-1],
    [2 ** 53],
    [Number.NaN],
    [{}],
    [[]],
    [Symbol('x')],
    ['with\0NUL'],
    [Buffer.from('with\0NUL')],
    [detachedBuffer()],
    [new Float64Array(1)],
    [new DataView(new ArrayBuffer(1))],
    [2n ** 64n],
    [-1n],
    [new Proxy([], {})],
  ])('refuses %s wherever it does not belong', (value) => {
    for (const [index, belongs] of right[name].entries()) {
      const call: unknown[] = [...right[name]];
      call[index] = value;
      // A string with a NUL is refused everywhere; other values only where the type is another.
      if (typeof value === typeof belongs && !String(value).includes('\0') && typeof value !== 'number') continue;
      expect(() => addon[name]?.(...call), `argument ${index}`).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE)$/),
        }),
      );
    }
  });

  test('refuses to be called with too little', () => {
    for (let count = 0; count < right[name].length; count += 1) {
      expect(() => addon[name]?.(...right[name].slice(0, count))).toThrow(TypeError);
    }
  });

  test('throws or does nothing, whatever it is given', async () => {
    const before = mountTable().length;
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }),
      fc.constantFrom(
        undefined,
        null,
        Symbol('x'),
        detachedBuffer(),
        done,
        '/nowhere',
        Buffer.alloc(9000, 0x61),
        '\ud800',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 9 }), async (call) => {
        try {
          addon[name]?.(...call);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 1000 },
    );
    expect(mountTable().length).toBe(before);
  });
});

test('a callback that throws does not abort the process', async () => {
  const { signal, stderr } = await runNode(
    `const addon = require('node-gyp-build')(process.argv[1]);
     addon.umount('/nowhere', 0, null, () => { throw new Error('from the callback'); });`,
    { args: [projectRoot], commonjs: true },
  );
  expect(signal).toBeNull();
  // A warning by Node's present policy, an uncaught exception by the one to come.
  expect(stderr).toMatch(/DEP0168|from the callback/);
});
