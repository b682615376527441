import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { loadAddon } from '../../../lib/kernel/addon/load.js';
import { runNode } from '../../support/child.js';
import { times } from '../../support/effort.js';
import { addonFile } from '../../support/environment.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { detachedBuffer } from '../../support/values.js';

// The addon is not for users, but it can be loaded: nonsense has to throw, never to abort the process.
type Export = (...values: unknown[]) => unknown;
const addon: Record<string, Export> = loadAddon(addonFile, '') as Record<string, Export>;
const done = () => {};

// Closed, so that to wait for it ends at once.
const watch = addon['watchOpen']?.(null);
addon['watchClose']?.(watch);

// What stands for a target, a change, a map of ids, and what every operation is told.
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

// These take an object that only the addon makes.
const others = [
  ...['attach', 'attachSync', 'close', 'closeSync', 'descriptorNumber', 'newCancellation', 'cancel', 'pageSize'],
  ...['layerNext', 'layerClose'],
];

const names = Object.keys(right);

test('exports what the typed floor expects, and nothing else', () => {
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
  ])('refuses %s wherever it does not belong', (value) => {
    const rightCall = right[name] ?? [];
    for (const [index, belongs] of rightCall.entries()) {
      const call: unknown[] = [...rightCall];
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
    for (let count = 0; count < (right[name]?.length ?? 0); count += 1) {
      expect(() => addon[name]?.(...(right[name] ?? []).slice(0, count))).toThrow(TypeError);
    }
  });

  // A whiteout can be made at nearly any path.
  if (name.startsWith('make')) return;
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
      { numRuns: times(1000, 20) },
    );
    expect(mountTable().length).toBe(before);
  });
});

test.each(['attach', 'attachSync', 'close', 'closeSync'])('%s refuses what is no descriptor', (name) => {
  for (const value of [undefined, null, 0, {}, addon['newCancellation']?.(), new Proxy({}, {}), done]) {
    expect(() => addon[name]?.(value, ...target, false, false, false, ...operation, done)).toThrow(TypeError);
  }
});

test.each(['layerNext', 'layerClose'])('%s refuses what is no walk', (name) => {
  for (const value of [undefined, null, 0, {}, watch, addon['newCancellation']?.(), new Proxy({}, {}), done]) {
    expect(() => addon[name]?.(value, done)).toThrow(TypeError);
  }
});

test('what is no descriptor and no cancellation does nothing', () => {
  for (const value of [undefined, null, 0, {}, 'x', done]) {
    expect(addon['descriptorNumber']?.(value)).toBe(-1);
    expect(addon['cancel']?.(value)).toBe(false);
  }
});

test('a callback that throws does not abort the process', async () => {
  const { signal, stderr } = await runNode(
    `const addon = require(process.argv[1]);
     addon.umount('/nowhere', null, 0, 0, 0, null, null, null, () => { throw new Error('from the callback'); });`,
    { args: [addonFile], commonjs: true },
  );
  expect(signal).toBeNull();
  // A warning by Node's present policy, an uncaught exception by the one to come.
  expect(stderr).toMatch(/DEP0168|from the callback/);
});
