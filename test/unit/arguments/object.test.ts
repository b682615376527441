// Tests of how options objects are read: inherited properties, getters, proxies, unknown names, prototype pollution.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { optionsArgument } from '../../../lib/arguments/check.js';
import { idMapArgument } from '../../../lib/arguments/idmap.js';
import { namespaceArgument } from '../../../lib/arguments/namespace.js';
import { targetArgument } from '../../../lib/arguments/target.js';
import { inUserNamespace } from '../../../lib/kernel/user-namespace.js';
import { planBind } from '../../../lib/mounts/bind/plan.js';
import { parameterWords } from '../../../lib/mounts/filesystem/parameters.js';
import { planFilesystem } from '../../../lib/mounts/filesystem/plan.js';
import { planTmpfs } from '../../../lib/mounts/filesystem/tmpfs-plan.js';
import { planOverlay } from '../../../lib/mounts/overlay/plan.js';
import { planUmount, type UmountOptions } from '../../../lib/umount/options.js';
import { thrownBy } from '../../support/values.js';

const KNOWN: ReadonlySet<string> = new Set(['one', 'two']);
const said = (value: unknown) => ({ ...optionsArgument('options', value, KNOWN) });

class WithGetter {
  get one() {
    return 1;
  }

  method() {}
}

class WithField extends WithGetter {
  two = 2;
}

function lessVisible(): object {
  return Object.defineProperty({}, 'one', { value: 1, enumerable: false });
}

function withOwnGetter(): object {
  return {
    get one() {
      return 1;
    },
  };
}

/** Returns a Proxy that answers reads and does not list its keys. */
function secretive(): object {
  return new Proxy({}, { get: (_, name) => (name === 'one' ? 1 : undefined) });
}

describe('options objects', () => {
  test.for<[string, () => unknown, object]>([
    ['an empty object', () => ({}), {}],
    ['an object with own properties', () => ({ one: 1, two: undefined }), { one: 1, two: undefined }],
    ['an object without a prototype', () => Object.assign(Object.create(null), { one: 1 }), { one: 1 }],
    ['an object with an inherited property', () => Object.create({ one: 1 }), { one: 1 }],
    [
      'an object whose own property hides an inherited one',
      () => Object.assign(Object.create({ one: 1 }), { one: 3 }),
      { one: 3 },
    ],
    [
      'an object whose own undefined property hides an inherited one',
      () => Object.assign(Object.create({ one: 1 }), { one: undefined }),
      { one: undefined },
    ],
    ['an object with a getter', withOwnGetter, { one: 1 }],
    ['an instance of a class with a getter and a method', () => new WithGetter(), { one: 1 }],
    ['an instance of a derived class', () => new WithField(), { one: 1, two: 2 }],
    ['an object with a property that is not enumerable', lessVisible, { one: 1 }],
    ['an object with an inherited property that is not enumerable', () => Object.create(lessVisible()), { one: 1 }],
    ['an object of another realm', () => runInNewContext('({ one: 1 })'), { one: 1 }],
    ['a Proxy', () => new Proxy({ one: 1 }, {}), { one: 1 }],
    ['a Proxy that does not list its keys', secretive, { one: 1, two: undefined }],
  ])('optionsArgument reads the options of %s', ([_name, value, expected]) => expect(said(value())).toEqual(expected));

  test('optionsArgument reads each option once, even when a getter returns another value each time', () => {
    let reads = 0;
    const value = {
      get one() {
        reads += 1;
        return reads;
      },
    };
    expect(said(value)).toEqual({ one: 1 });
    expect(reads).toBe(1);
  });

  test('optionsArgument ignores properties of a polluted Object.prototype', () => {
    const pollution = { value: 'polluted', configurable: true, enumerable: true, writable: true };
    Object.defineProperties(Object.prototype, { one: pollution, three: pollution });
    const read: unknown[] = [];
    try {
      for (const value of [{}, Object.create(null), new WithField()]) {
        read.push(optionsArgument('options', value, KNOWN)['one']);
      }
    } finally {
      for (const name of ['one', 'three']) Reflect.deleteProperty(Object.prototype, name);
    }
    expect(read).toEqual([undefined, undefined, 1]);
  });
});

describe('unknown options', () => {
  test.for<[string, () => object]>([
    ['an own property', () => ({ onw: 1 })],
    ['an inherited property', () => Object.create({ onw: 1 })],
    ['a property that is not enumerable', () => Object.defineProperty({}, 'onw', { value: 1 })],
    [
      'a getter of a class',
      () =>
        new (class {
          get onw() {
            return 1;
          }
        })(),
    ],
    ['a method', () => ({ onw() {} })],
    ['a property beside a known option', () => ({ one: 1, onw: 1 })],
    ['a property of a Proxy', () => new Proxy({ onw: 1 }, {})],
    ['__proto__', () => JSON.parse('{ "__proto__": 1 }')],
  ])('optionsArgument rejects an unknown option: %s', ([name, value]) => {
    const error = thrownBy(() => said(value()));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect((error as Error).message).toContain(name === '__proto__' ? 'options.__proto__' : 'options.onw');
  });
});

const NO_OPTIONS: readonly [string, unknown][] = [
  ['a Map', new Map([['readonly', true]])],
  ['a list', []],
  ['a signal', new AbortController().signal],
  ['a controller', new AbortController()],
  ['a promise', Promise.resolve({})],
  ['a URL', new URL('file:///t')],
  ['bytes', Buffer.from('readonly')],
  ['a date', new Date()],
  ['a function', () => {}],
  ['text', 'readonly'],
  ['null', null],
];

describe('arguments that are not options objects', () => {
  test.for(NO_OPTIONS)('every operation throws ERR_INVALID_ARG_TYPE for options that are %s', ([_name, value]) => {
    const overlay = { lower: ['/a', '/b'], target: '/t' };
    const refused = [
      () => said(value),
      () => planTmpfs('/t', value as object),
      () => planBind('/a', '/t', value as object),
      () => planFilesystem(null, '/t', 'tmpfs', value as object),
      () => planFilesystem(null, '/t', 'tmpfs', { parameters: value as never }),
      () => planOverlay(value as never),
      () => planOverlay({ ...overlay, namespace: value as never }),
      () => planUmount('/t', value as object, { isSync: true }),
      () => planUmount('/t', { retry: value as never }, { isSync: true }),
      () => namespaceArgument('options.namespace', value),
      () => idMapArgument('options.idmap', value),
    ];
    for (const plan of refused) expect(thrownBy(plan), String(plan)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

test('every operation accepts options that an options object or a nested object inherits', () => {
  const inherited = (value: object) => Object.create(value);
  expect(planTmpfs('/t', inherited({ readonly: true, size: '1m' }))).toMatchObject(
    planTmpfs('/t', { readonly: true, size: '1m' }),
  );
  expect(planTmpfs('/t', { parameters: inherited({ size: '1m' }) }).parameters.words).toEqual(['size=1m']);
  expect(planFilesystem(null, '/t', 'tmpfs', inherited({ noDev: true })).flags).not.toBe(0);
  expect(planBind('/a', '/t', inherited({ readonly: true })).change).toEqual(
    planBind('/a', '/t', { readonly: true }).change,
  );
  expect(parameterWords('parameters', new WithField()).words).toEqual(['two=2', 'one=1']);
  expect(namespaceArgument('options.namespace', inherited({ pid: 7 }))).toBe('/proc/7/ns/mnt');
  expect(targetArgument('target', inherited({ root: '/r', path: '/p' }))).toMatchObject({ path: '/p', root: '/r' });
  const ids = { uid: 1, gid: 2 };
  expect(idMapArgument('idmap', inherited({ owner: inherited(ids), appearsAs: ids }))).toMatchObject({
    uidMap: '1 1 1\n',
    gidMap: '2 2 1\n',
  });
  const retry = inherited({ retry: inherited({ for: 7 }), lazy: false }) as UmountOptions;
  expect(planUmount('/t', retry, { isSync: true }).retryFor).toBe(7);
});

describe('planOverlay fast path', () => {
  const usual = { lower: ['/a', '/b'], upper: '/u', work: '/w', target: '/t' };

  test.for<[string, () => object]>([
    ['inherited', () => Object.create({ ...usual, readonly: true })],
    ['partly inherited', () => Object.assign(Object.create({ readonly: true }), usual)],
    ['not all enumerable', () => Object.defineProperty({ ...usual }, 'readonly', { value: true })],
    [
      'an instance of a class',
      () =>
        Object.assign(
          new (class {
            get readonly() {
              return true;
            }
          })(),
          usual,
        ),
    ],
    ['a Proxy', () => new Proxy(usual, { get: (all, name) => (name === 'readonly' ? true : Reflect.get(all, name)) })],
  ])('planOverlay gives the same plan for options that are %s as for plain options', ([_name, options]) => {
    const expected = planOverlay({ ...usual, readonly: true });
    expect(expected.flags).not.toBe(0);
    expect(planOverlay(options() as never)).toMatchObject({ ...expected });
  });

  test.for<[string, object]>([
    ['for options of the fast path', {}],
    ['for options outside of the fast path', { noDev: true }],
    ['for options without a work directory, which it rejects', { work: undefined }],
  ])('planOverlay reads each option once %s', ([_name, more], { skip }) => {
    skip(inUserNamespace(), 'in a user namespace these options do not take the fast path');
    const reads: string[] = [];
    const options = {};
    const all = { ...usual, ...more };
    for (const [name, value] of Object.entries(all)) {
      Object.defineProperty(options, name, {
        enumerable: true,
        get: () => {
          reads.push(name);
          return reads.filter((each) => each === name).length === 1 ? value : 7;
        },
      });
    }
    const planned = (from: object) => {
      try {
        return { ...planOverlay(from as never) };
      } catch (error) {
        return { ...(error as object) };
      }
    };
    expect(planned(options)).toMatchObject(planned(all));
    expect(reads.toSorted()).toEqual(Object.keys(all).toSorted());
  });
});
