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

/** Proxies that answer without telling the names. */
function secretive(): object {
  return new Proxy({}, { get: (_, name) => (name === 'one' ? 1 : undefined) });
}

describe('an option is what is read under its name', () => {
  test.for<[string, () => unknown, object]>([
    ['nothing', () => ({}), {}],
    ['its own', () => ({ one: 1, two: undefined }), { one: 1, two: undefined }],
    ['without a prototype', () => Object.assign(Object.create(null), { one: 1 }), { one: 1 }],
    ['inherited', () => Object.create({ one: 1 }), { one: 1 }],
    ['its own before an inherited one', () => Object.assign(Object.create({ one: 1 }), { one: 3 }), { one: 3 }],
    [
      'its own that says nothing before an inherited one',
      () => Object.assign(Object.create({ one: 1 }), { one: undefined }),
      { one: undefined },
    ],
    ['of a getter', withOwnGetter, { one: 1 }],
    ['of a getter of a class, whose methods are none', () => new WithGetter(), { one: 1 }],
    ['of a class above', () => new WithField(), { one: 1, two: 2 }],
    ['one that is not enumerable', lessVisible, { one: 1 }],
    ['one that is inherited and not enumerable', () => Object.create(lessVisible()), { one: 1 }],
    ['of another realm', () => runInNewContext('({ one: 1 })'), { one: 1 }],
    ['of a Proxy', () => new Proxy({ one: 1 }, {}), { one: 1 }],
    ['of a Proxy that does not tell its names', secretive, { one: 1, two: undefined }],
  ])('%s', ([_name, value, expected]) => expect(said(value())).toEqual(expected));

  test('and each is read once', () => {
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

  test('what all objects have is none', () => {
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

describe('a name that is not known is refused', () => {
  test.for<[string, () => object]>([
    ['its own', () => ({ onw: 1 })],
    ['inherited', () => Object.create({ onw: 1 })],
    ['not enumerable', () => Object.defineProperty({}, 'onw', { value: 1 })],
    [
      'of a getter of a class',
      () =>
        new (class {
          get onw() {
            return 1;
          }
        })(),
    ],
    ['a function', () => ({ onw() {} })],
    ['beside another', () => ({ one: 1, onw: 1 })],
    ['of a Proxy', () => new Proxy({ onw: 1 }, {})],
    ['__proto__', () => JSON.parse('{ "__proto__": 1 }')],
  ])('%s', ([name, value]) => {
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

describe('no options', () => {
  test.for(NO_OPTIONS)('%s', ([_name, value]) => {
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

test('what is inherited counts wherever options are, inside others too', () => {
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

describe('an overlay of the usual options', () => {
  const usual = { lower: ['/a', '/b'], upper: '/u', work: '/w', target: '/t' };

  test.for<[string, () => object]>([
    ['inherited', () => Object.create({ ...usual, readonly: true })],
    ['partly inherited', () => Object.assign(Object.create({ readonly: true }), usual)],
    ['with one that is not enumerable', () => Object.defineProperty({ ...usual }, 'readonly', { value: true })],
    [
      'of a class',
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
    [
      'of a Proxy',
      () => new Proxy(usual, { get: (all, name) => (name === 'readonly' ? true : Reflect.get(all, name)) }),
    ],
  ])('and one that is %s', ([_name, options]) => {
    const expected = planOverlay({ ...usual, readonly: true });
    expect(expected.flags).not.toBe(0);
    expect(planOverlay(options() as never)).toMatchObject({ ...expected });
  });

  test.for<[string, object]>([
    ['with nothing unusual', {}],
    ['with something unusual', { noDev: true }],
    ['with no work directory', { work: undefined }],
  ])('each is read once, %s', ([_name, more], { skip }) => {
    skip(inUserNamespace(), 'in a user namespace they are not the usual ones');
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
