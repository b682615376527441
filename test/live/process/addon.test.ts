// Tests that the native addon throws for wrong arguments and never aborts the process, also when it is called directly.
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { loadAddon } from '../../../lib/kernel/addon/load.js';
import { runNode } from '../../support/child.js';
import { times } from '../../support/effort.js';
import { addonFile } from '../../support/environment.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { detachedBuffer } from '../../support/values.js';

type Export = (...values: unknown[]) => unknown;
const addon: Record<string, Export> = loadAddon(addonFile, '') as Record<string, Export>;
const done = () => {};

// The watch is closed, so that watchWait() ends at once.
const watch = addon['watchOpen']?.(null);
addon['watchClose']?.(watch);

// Values for a target, a change, an ID map, and the arguments that every operation has.
const target = ['/nowhere', null, 0, 0];
const change = [1, 0, 0, false];
const idMap = [null, null, null];
const operation = [null, null];

const calls: Readonly<Record<string, readonly unknown[]>> = {
  mount: ['x', '/nowhere', 'tmpfs', 0, null, null],
  umount: [...target, 0, null, ...operation],
  umountTree: [...target, 0, null, true, true, ...operation],
  holders: ['/nowhere'],
  table: ['/proc/nowhere', null],
  mountRoot: ['/nowhere', null],
  mountAt: ['/nowhere', null],
  overlay: [
    ...['x', ...target, ['/nowhere'], [], null, null, [], 0, null, 6, false, false, false, false, []],
    ...operation,
  ],
  bind: ['/nowhere', ...target, ...change, ...idMap, false, false, ...operation],
  filesystem: ['x', ...target, 'nowhere', [], 0, null, ...idMap, false, false, ...operation],
  change: [null, ...target, ...change, ...operation],
  reconfigure: [...target, [], null, '', ...operation],
  move: [...target, ...target, false, false, ...operation],
  examine: [['/nowhere'], ['/nowhere'], null, null, null, 0, null],
  makeWhiteout: ['/nowhere/x', false, true],
  makeOpaque: ['/nowhere', 'y', true],
  isWhiteout: ['/nowhere', true],
  isOpaque: ['/nowhere', true],
};

const right: Readonly<Record<string, readonly unknown[]>> = {
  ...Object.fromEntries(
    Object.entries(calls).flatMap(([name, call]) => [
      [`${name}Sync`, call],
      [name, [...call, done]],
    ]),
  ),
  scratch: ['/nowhere', [], null, done],
  watchOpen: [null],
  watchWait: [watch, done],
  watchClose: [watch],
  layerOpen: ['/nowhere', ['/nowhere'], [], true, done],
};

// These functions take an object that only the addon makes.
const others = [
  ...['attach', 'attachSync', 'close', 'closeSync', 'descriptorNumber', 'newCancellation', 'cancel', 'pageSize'],
  ...['layerNext', 'layerClose'],
];

const names = Object.keys(right);

test('the addon exports exactly the functions that the library expects', () => {
  expect(Object.keys(addon).sort()).toEqual([...names, ...others].sort());
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
  ])('a function of the addon throws for a value of a wrong type at every position: %s', (value) => {
    const rightCall = right[name] ?? [];
    for (const [index, belongs] of rightCall.entries()) {
      const call: unknown[] = [...rightCall];
      call[index] = value;
      // Every position refuses a string with a NUL; other values are wrong only at a position of another type.
      if (typeof value === typeof belongs && !String(value).includes('\0') && typeof value !== 'number') continue;
      expect(() => addon[name]?.(...call), `argument ${index}`).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|INVALID_ARG_VALUE|OUT_OF_RANGE)$/),
        }),
      );
    }
  });

  test('a function of the addon throws a TypeError for too few arguments', () => {
    for (let count = 0; count < (right[name]?.length ?? 0); count += 1) {
      expect(() => addon[name]?.(...(right[name] ?? []).slice(0, count))).toThrow(TypeError);
    }
  });

  // makeWhiteout and makeOpaque would change files at random paths.
  if (name.startsWith('make')) return;
  test('a function of the addon throws or does nothing for random arguments', async () => {
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
      { numRuns: times(1000, 20) },
    );
    expect(mountTable().length).toBe(before);
  });
});

test.each(['attach', 'attachSync', 'close', 'closeSync'])(
  'a function of the addon throws a TypeError for a value that is not a descriptor of the addon: %s',
  (name) => {
    for (const value of [undefined, null, 0, {}, addon['newCancellation']?.(), new Proxy({}, {}), done]) {
      expect(() => addon[name]?.(value, ...target, false, false, false, ...operation, done)).toThrow(TypeError);
    }
  },
);

test.each(['layerNext', 'layerClose'])(
  'a function of the addon throws a TypeError for a value that is not a layer walk of the addon: %s',
  (name) => {
    for (const value of [undefined, null, 0, {}, watch, addon['newCancellation']?.(), new Proxy({}, {}), done]) {
      expect(() => addon[name]?.(value, done)).toThrow(TypeError);
    }
  },
);

test('descriptorNumber() returns -1 and cancel() returns false for a value that the addon did not create', () => {
  for (const value of [undefined, null, 0, {}, 'x', done]) {
    expect(addon['descriptorNumber']?.(value)).toBe(-1);
    expect(addon['cancel']?.(value)).toBe(false);
  }
});

test('an exception in a callback of the addon does not abort the process', async () => {
  const { signal, stderr } = await runNode(
    `const addon = require(process.argv[1]);
     addon.umount('/nowhere', null, 0, 0, 0, null, null, null, () => { throw new Error('from the callback'); });`,
    { args: [addonFile], commonjs: true },
  );
  expect(signal).toBeNull();
  // Node.js prints a warning with its present policy, and will throw an uncaught exception with the next policy.
  expect(stderr).toMatch(/DEP0168|from the callback/);
});
