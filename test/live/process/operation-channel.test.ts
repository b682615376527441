// Tests the diagnostics channels of the operations: their events, their messages, and the secrets that they omit.
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import * as library from '../../../lib/index.js';
import * as layers from '../../../lib/layers/index.js';
import type { OperationTrace } from '../../../lib/operation/channel.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { lacksOverlayAttributes } from '../../support/layers.js';
import { type Place, test } from '../../support/place.js';
import { rejectionOf, subscribeToOperation, thrownBy } from '../../support/values.js';

/** Collects the events and the message of one operation while an action runs. */
async function eventsOf(
  operation: string,
  action: () => unknown,
): Promise<{ events: string[]; message: OperationTrace }> {
  const events: string[] = [];
  const messages = new Set<object>();
  const stop = subscribeToOperation(operation, (event, message) => {
    events.push(event);
    messages.add(message);
  });
  try {
    await action();
  } finally {
    stop();
  }
  // All events of one operation carry the same message object.
  expect(messages.size).toBe(1);
  return { events, message: [...messages][0] as OperationTrace };
}

const SYNC = ['start', 'end'];
// In a user namespace the library adds `userxattr`, so that overlayfs uses user.* attributes.
const ADDED = isRealRoot ? [] : ['userxattr'];

const ASYNC = ['start', 'end', 'asyncStart', 'asyncEnd'];

// The functions of the library by name.
const all = { ...library, ...layers } as unknown as Record<string, (...args: unknown[]) => unknown>;
const call = (name: string, ...args: unknown[]) => (all[name] as (...args: unknown[]) => unknown)(...args);

const paths = (place: Place) => {
  const [a, b, m] = [place.directory('a'), place.directory('b'), place.directory('m')];
  return { a, b, m };
};
const mountPoint = (place: Place, name: string) => {
  const path = place.directory(name);
  library.mountSync('x', path, 'tmpfs');
  return path;
};

/** Prepares one call in the given form, and returns the call and the message it must publish, without the result. */
type Run = (place: Place, form: '' | 'Sync') => [action: () => unknown, about: object];

const CASES: readonly (readonly [operation: string, run: Run, lacks?: string | undefined])[] = [
  [
    'mount',
    (place, form) => {
      const { m } = paths(place);
      return [() => call(`mount${form}`, 'x', m, 'tmpfs', 0, 'size=1m'), { source: 'x', target: m, fsType: 'tmpfs' }];
    },
  ],
  [
    'umount',
    (place, form) => {
      const target = mountPoint(place, 'u');
      return [() => call(`umount${form}`, target), { target }];
    },
  ],
  [
    'mountOverlay',
    (place, form) => {
      const { a, b, m } = paths(place);
      const options = {
        lower: [a, b],
        upper: place.directory('u'),
        work: place.directory('w'),
        target: m,
        index: false,
      };
      const about = { source: 'overlay', target: m, fsType: 'overlay' };
      return [
        () => call(`mountOverlay${form}`, options),
        { ...about, parameters: ['lowerdir', 'upperdir', 'workdir', 'index', ...ADDED] },
      ];
    },
    lacksOverlay,
  ],
  [
    'mountBind',
    (place, form) => {
      const { a, b } = paths(place);
      const target = { root: b, path: 'x', create: 'directory' };
      return [() => call(`mountBind${form}`, a, target), { source: a, target: { root: b, path: 'x' } }];
    },
  ],
  [
    'mountTmpfs',
    (place, form) => {
      const { m } = paths(place);
      const about = { source: 'tmpfs', target: m, fsType: 'tmpfs', parameters: ['size', 'mode'] };
      return [() => call(`mountTmpfs${form}`, m, { size: '1m', mode: 0o700 }), about];
    },
  ],
  [
    'mountFilesystem',
    (place, form) => {
      const { m } = paths(place);
      const about = { target: m, fsType: 'tmpfs', parameters: ['size'] };
      return [() => call(`mountFilesystem${form}`, null, m, 'tmpfs', { parameters: { size: '1m' } }), about];
    },
  ],
  [
    'remountFilesystem',
    (place, form) => {
      const target = mountPoint(place, 'r');
      const about = { target, parameters: ['size'] };
      return [() => call(`remountFilesystem${form}`, target, { parameters: { size: '2m' } }), about];
    },
  ],
  [
    'setMountAttributes',
    (place, form) => {
      const target = mountPoint(place, 's');
      return [() => call(`setMountAttributes${form}`, target, { noDev: true }), { target }];
    },
  ],
  [
    'setPropagation',
    (place, form) => {
      const target = mountPoint(place, 's');
      return [() => call(`setPropagation${form}`, target, 'shared'), { target }];
    },
  ],
  [
    'moveMount',
    (place, form) => {
      const source = mountPoint(place, 'from');
      const { m } = paths(place);
      return [() => call(`moveMount${form}`, source, m), { source, target: m }];
    },
  ],
  [
    'detachedBind',
    (place, form) => {
      const { a } = paths(place);
      return [() => close(call(`detachedBind${form}`, a)), { source: a }];
    },
    lacks.treeCalls,
  ],
  [
    'detachedFilesystem',
    (_, form) => {
      const about = { source: 'x', fsType: 'tmpfs', parameters: ['size'] };
      return [() => close(call(`detachedFilesystem${form}`, 'x', 'tmpfs', { parameters: { size: '1m' } })), about];
    },
    lacks.fsopen,
  ],
  [
    'detachedOverlay',
    (place, form) => {
      const { a, b } = paths(place);
      const about = { source: 'overlay', fsType: 'overlay', parameters: ['lowerdir', ...ADDED] };
      return [() => close(call(`detachedOverlay${form}`, { lower: [a, b] })), about];
    },
    lacks.treeCalls ?? lacksOverlay,
  ],
  ['readMountTable', (_, form) => [() => call(`readMountTable${form}`), {}]],
  ['isMountPoint', ({ root }, form) => [() => call(`isMountPoint${form}`, root), { target: root }]],
  ['mountAt', ({ root }, form) => [() => call(`mountAt${form}`, root), { target: root }]],
  ['holders', ({ root }, form) => [() => call(`holders${form}`, root), { target: root }]],
];

async function close(mount: unknown) {
  const detached = (await mount) as library.DetachedMount;
  detached.closeSync();
  return detached;
}

describe.for(CASES)('%s', ([operation, run, missing]) => {
  test.for([
    ['asynchronous', '', ASYNC],
    ['synchronous', 'Sync', SYNC],
  ] as const)(
    'an operation publishes its events in order, with its arguments and its result: %s form',
    async ([_, form, order], { place, skip }) => {
      skip(missing !== undefined, missing);
      const [action, about] = run(place, form);
      let result: unknown;
      const { events, message } = await eventsOf(operation, async () => {
        result = await action();
      });
      expect(events).toEqual(order);
      expect(message).toEqual({ operation, sync: form === 'Sync', ...about, result });
      expect(message.result).toBe(result);
    },
  );
});

describe('operations of Mount and DetachedMount methods', () => {
  test('Mount.unmount publishes one operation when two calls or a disposal and a call unmount one handle', async ({
    place,
  }) => {
    const { a, m } = paths(place);
    const first = library.mountBindSync(a, m);
    const sync = await eventsOf('Mount.unmount', () => {
      first[Symbol.dispose]();
      first.unmountSync();
    });
    expect(sync).toEqual({ events: SYNC, message: { operation: 'Mount.unmount', sync: true, target: m } });
    const second = await library.mountBind(a, m);
    const async = await eventsOf('Mount.unmount', async () => {
      await second.unmount();
      await second.unmount();
    });
    expect(async).toEqual({ events: ASYNC, message: { operation: 'Mount.unmount', sync: false, target: m } });
  });

  test('two concurrent Mount.unmount calls publish two operations', async ({ place }) => {
    const { a, m } = paths(place);
    const mount = await library.mountBind(a, m);
    const events: string[] = [];
    const stop = subscribeToOperation('Mount.unmount', (event) => events.push(event));
    await Promise.all([mount.unmount(), mount.unmount()]).finally(stop);
    expect(events.toSorted()).toEqual([...ASYNC, ...ASYNC].toSorted());
  });

  test('Mount.overlay', async ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const { a, b, m } = paths(place);
    using mount = library.mountOverlaySync({ lower: [a, b], target: m });
    const about = { operation: 'Mount.overlay', target: m, result: { lower: [a, b] } };
    expect(await eventsOf('Mount.overlay', () => mount.overlay())).toMatchObject({ events: ASYNC, message: about });
    expect(await eventsOf('Mount.overlay', () => mount.overlaySync())).toMatchObject({ events: SYNC, message: about });
  });

  test('DetachedMount', async ({ place, skip }) => {
    skip(lacks.setattr !== undefined, lacks.setattr);
    const { a, m } = paths(place);
    const first = library.detachedBindSync(a);
    expect(await eventsOf('DetachedMount.setAttributes', () => first.setAttributes({ readonly: true }))).toMatchObject({
      events: ASYNC,
    });
    let mount: library.Mount | undefined;
    const attached = await eventsOf('DetachedMount.attach', async () => {
      mount = await first.attach(m);
    });
    expect(attached).toMatchObject({ events: ASYNC, message: { target: m, sync: false } });
    expect(attached.message.result).toBe(mount);
    mount?.unmountSync();
    const second = library.detachedBindSync(a);
    expect(await eventsOf('DetachedMount.close', () => second.close())).toMatchObject({ events: ASYNC });
    const third = library.detachedBindSync(a);
    expect(await eventsOf('DetachedMount.close', () => third.closeSync())).toMatchObject({ events: SYNC });
  });
});

test('watchMountTable publishes an operation when it begins to watch', async ({ place }) => {
  let watcher: library.MountTableWatcher | undefined;
  const { events, message } = await eventsOf('watchMountTable', () => {
    watcher = library.watchMountTable({ under: place.root });
  });
  await watcher?.return();
  expect(events).toEqual(SYNC);
  expect(message).toMatchObject({ target: place.root });
  expect(message.result).toBe(watcher);
});

test('watchMountTable publishes the option under as the target, and no target without that option', async ({
  place,
}) => {
  const path = place.directory('m\u00e9');
  for (const [options, target] of [
    [{ under: `${path}/./` }, `${path}/./`],
    [{ under: Buffer.from(path) }, Buffer.from(path)],
    [{ under: pathToFileURL(path) }, path],
    [{}, undefined],
  ] as const) {
    let watcher: library.MountTableWatcher | undefined;
    const { message } = await eventsOf('watchMountTable', () => {
      watcher = library.watchMountTable(options);
    });
    await watcher?.return();
    expect(message.target).toEqual(target);
    if (target === undefined) expect(message).not.toHaveProperty('target');
  }
});

/** Overwrites every Buffer of a message. */
function overwrite({ source, target = '' }: OperationTrace): void {
  const isPath = typeof target === 'string' || Buffer.isBuffer(target);
  for (const each of [source, ...(isPath ? [target] : [target.root, target.path])]) {
    if (Buffer.isBuffer(each)) each.fill('x');
  }
}

test('a subscriber that overwrites the Buffers of a message does not change the operation', async ({ place }) => {
  const { a, b, m } = paths(place);
  const bytes = (path: string) => Buffer.from(path);
  const stops = ['mountBind', 'umount', 'Mount.unmount', 'Mount.overlay'].map((operation) =>
    subscribeToOperation(operation, (event, message) => event === 'start' && overwrite(message)),
  );
  try {
    for (const form of ['', 'Sync']) {
      const bind = async (...args: unknown[]) => call(`mountBind${form}`, ...args) as Promise<library.Mount>;
      const mount = await bind(bytes(a), bytes(b));
      expect(mount.target).toEqual(bytes(b));
      // The owner of a handle cannot change the target of the handle either.
      (mount.target as Buffer).fill('x');
      const error = await rejectionOf((async () => (form === '' ? mount.overlay() : mount.overlaySync()))());
      expect(error).toMatchObject({ code: 'EINVAL' });
      await (form === '' ? mount.unmount() : mount.unmountSync());
      expect(library.isMountPointSync(b)).toBe(false);
      await bind(a, { root: bytes(place.root), path: bytes('m') });
      expect(library.isMountPointSync(m)).toBe(true);
      await call(`umount${form}`, bytes(m));
      expect(library.isMountPointSync(m)).toBe(false);
    }
  } finally {
    for (const stop of stops) stop();
  }
});

test('a program that overwrites the path Buffer of an error does not change the handle', async ({ place }) => {
  const { a, b } = paths(place);
  for (const form of ['', 'Sync']) {
    const mount = (await call(`mountBind${form}`, a, Buffer.from(b))) as library.Mount;
    library.mountSync('over', b, 'tmpfs');
    const error = await rejectionOf((async () => (form === '' ? mount.unmount() : mount.unmountSync()))());
    expect(error).toMatchObject({ code: 'EINVAL', path: Buffer.from(b) });
    ((error as library.MountError).path as Buffer).fill('x');
    library.umountSync(b);
    await (form === '' ? mount.unmount() : mount.unmountSync());
    expect(library.isMountPointSync(b)).toBe(false);
  }
});

test.for([
  ['isWhiteout', false],
  ['isOpaque', false],
  ['makeOpaque', undefined],
] as const)(
  'isWhiteout, isOpaque and makeOpaque publish the path as the target, in both forms: %s',
  async ([operation, result], { place, skip }) => {
    const why = operation === 'makeOpaque' ? lacksOverlayAttributes(place) : undefined;
    skip(why !== undefined, why);
    const { a } = paths(place);
    const options = { userxattr: !isRealRoot };
    const about = { target: a, ...(result !== undefined && { result }) };
    expect(await eventsOf(operation, () => call(operation, a, options))).toMatchObject({
      events: ASYNC,
      message: about,
    });
    expect(await eventsOf(operation, () => call(`${operation}Sync`, a, options))).toMatchObject({ events: SYNC });
  },
);

test('changes() publishes an operation when it is called', async ({ place }) => {
  const { a, b } = paths(place);
  const { events, message } = await eventsOf('changes', () => layers.changes({ upper: a, lower: [b] }));
  expect(events).toEqual(SYNC);
  expect(message).toMatchObject({ source: a });
});

test('overlaySupport publishes an operation for each call, also for a cached answer', async ({ place }) => {
  for (let count = 0; count < 2; count += 1) {
    const { events, message } = await eventsOf('overlaySupport', () => library.overlaySupport(place.root));
    expect(events).toEqual(ASYNC);
    expect(message).toMatchObject({ target: place.root, result: { filesystem: expect.anything() } });
  }
});

test('a failed operation publishes the error that the caller gets', async ({ place }) => {
  const { a } = paths(place);
  const target = place.path('missing');
  let error: unknown;
  const async = await eventsOf('mountBind', async () => {
    error = await rejectionOf(library.mountBind(a, target));
  });
  expect(async.events).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  expect(async.message.error).toBe(error);
  expect(error).toBeInstanceOf(library.MountError);
  const sync = await eventsOf('umount', () => {
    error = thrownBy(() => library.umountSync(a));
  });
  expect(sync.events).toEqual(['start', 'error', 'end']);
  expect(sync.message).toEqual({ operation: 'umount', sync: true, target: a, error });
});

test('a cancelled operation publishes an AbortError', async ({ place }) => {
  const { m } = paths(place);
  const { message, events } = await eventsOf('mountTmpfs', () =>
    rejectionOf(library.mountTmpfs(m, { signal: AbortSignal.abort() })),
  );
  expect(events).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  expect(message.error).toMatchObject({ name: 'AbortError' });
});

test('a call with wrong arguments publishes no operation', async ({ place }) => {
  const { a } = paths(place);
  const events: string[] = [];
  const stop = subscribeToOperation('mountBind', (event) => events.push(event));
  try {
    await rejectionOf(library.mountBind('a\0b', a));
    thrownBy(() => library.mountBindSync(a, a, { readOnly: true } as never));
  } finally {
    stop();
  }
  expect(events).toEqual([]);
});

test('a published operation contains no value of an option', async ({ place }) => {
  const { m } = paths(place);
  const secret = 'hunter2';
  const messages = [
    await eventsOf('mountFilesystem', () =>
      rejectionOf(library.mountFilesystem('//s/x', m, 'cifs', { parameters: { password: secret } })),
    ),
    await eventsOf('mount', () => rejectionOf(library.mount('//s/x', m, 'cifs', 0, `password=${secret}`))),
  ];
  expect(messages.map(({ message }) => message.parameters)).toEqual([['password'], undefined]);
  for (const { message } of messages) expect(JSON.stringify(message)).not.toContain(secret);
});
