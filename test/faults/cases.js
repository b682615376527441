import { closeSync, openSync, readdirSync } from 'node:fs';
import { constants, mountSync, umountSync } from 'linux-mount';

// The operations whose system calls are made to fail. Each is written once, for both forms: `call` gives the form asked
// for of a function of the library.
//
//   prepare(scene)    what has to be there before
//   act(call, stage)  the operation; `stage` is what prepare gave
//   show(result)      what of the result must be the same when a fault made no difference
//   undo(result)      takes back what came of it, and then mounts and names must be as before
//   keeps             there is nothing that takes it back; "names": but for directories that it made
//   partly            it may end in the middle, and says in `left` what it has not done
//   changes           what it does not change itself may change meanwhile
//   passesOver(code)  whether its result may be another when a call fails so
//   settle(stage)     lets go of what prepare holds
//   containers        how many processes in other mount namespaces it is given
//   forms             when it has one only

// In that pass: who may not have a mount namespace binds first and remounts then, and says so in `strategy`.
const mayBeRemounted = process.env.LINUX_MOUNT_FAULTS === 'apart' ? (code) => code === 'EPERM' : undefined;

const handle = {
  show: ({ target, strategy, reused }) => ({ target: typeof target, strategy, reused }),
  undo: (mount) => mount.unmountSync(),
  passesOver: mayBeRemounted,
};

const detached = {
  show: (mount) => ({ strategy: mount.strategy, inside: readdirSync(mount.path) }),
  undo: (mount) => mount[Symbol.dispose](),
};

const target = (scene) => scene.directory('target');
const bindStage = (scene) => ({ source: scene.directory('source', { file: 'x' }), target: target(scene) });

/** A tree of mounts to bind, and a target. */
const treeStage = (scene) => {
  const source = scene.mounted('source', 'a', 'b');
  scene.mounted('source/a', 'deeper');
  scene.mounted('source/a/deeper');
  scene.mounted('source/b');
  return { source, target: target(scene) };
};

const layerStage = (scene) => ({
  lower: [scene.directory('top', { file: 'x' }), scene.directory('base')],
  upper: scene.directory('upper'),
  work: scene.directory('work'),
  target: target(scene),
});

const rootStage = (scene) => ({
  ...layerStage(scene),
  source: scene.directory('source'),
  root: scene.directory('root'),
});

const IDS = [{ inside: 0, outside: 1000, count: 10 }];
const MAPPED = { uid: IDS, gid: IDS };

/** An operation that is to be refused with this code, as one that succeeds then. */
const refusedWith = (code, act) => async (call, stage) => {
  try {
    return await act(call, stage);
  } catch (error) {
    if (error.code !== code) throw error;
    return 'refused';
  }
};

const FREE = { ifMounted: 'error' };
const REUSE = { ifMounted: 'reuse' };

const bind = (name, options, prepare = bindStage) => ({
  name: `mountBind ${name}`,
  prepare,
  act: (call, { source, target }) => call('mountBind')(source, target, options),
  ...handle,
});

const mounts = [
  {
    name: 'mount tmpfs',
    prepare: (scene) => ({ target: target(scene) }),
    act: (call, { target }) => call('mount')('x', target, 'tmpfs', constants.MS_NOSUID, 'size=1m'),
    keeps: true,
  },
  {
    name: 'mount with cwd',
    prepare: (scene) => ({ cwd: scene.root, target: target(scene) }),
    act: (call, { cwd }) => call('mount')('x', 'target', 'tmpfs', 0, null, { cwd }),
    keeps: true,
  },
  ...[
    ['plain', 0],
    ['read-only', constants.MS_RDONLY | constants.MS_NOEXEC],
    ['read-only, recursive', constants.MS_RDONLY | constants.MS_REC],
  ].map(([name, flags]) => ({
    name: `mount bind ${name}`,
    prepare: treeStage,
    act: (call, { source, target }) => call('mount')(source, target, null, constants.MS_BIND | flags),
    keeps: true,
  })),
  bind('plain', {}),
  bind('read-only', { readonly: true, noSuid: true }),
  bind('read-only, recursive', { readonly: true, recursive: true }, treeStage),
  bind('private, recursive', { propagation: 'private', recursive: true }, treeStage),
  bind('with mapped ids', {
    idmap: MAPPED,
  }),
  bind('unless something is mounted', { ifMounted: 'error' }),
  ...['data', 'fsconfig', 'descriptors'].map((strategy) => ({
    name: `mountOverlay by ${strategy}`,
    prepare: layerStage,
    act: (call, stage) => call('mountOverlay')({ ...stage, strategy }),
    ...handle,
  })),
  {
    name: 'mountOverlay with mapped lower ids',
    prepare: layerStage,
    act: (call, { lower, target }) => call('mountOverlay')({ lower, target, lowerIdmap: MAPPED }),
    ...handle,
  },
  // Something is there: nothing may be mounted over it, whatever else fails.
  ...Object.entries({
    mountOverlay: (mount, { target, lower, upper, work }) => mount({ target, lower, upper, work, ...FREE }),
    mountTmpfs: (mount, { target }) => mount(target, FREE),
    mountBind: (mount, { target, lower }) => mount(lower[0], target, FREE),
    'mountBind, in a root': (mount, { root, lower }) => mount(lower[0], { root, path: 'target' }, FREE),
    moveMount: (mount, { target, movable }) => mount(movable, target, FREE),
  }).map(([name, act]) => ({
    name: `${name}, over something`,
    prepare: (scene) => ({
      ...layerStage(scene),
      root: scene.root,
      target: scene.mounted('target'),
      movable: scene.mounted('movable'),
    }),
    act: refusedWith('EBUSY', (call, stage) => act(call(name.split(',')[0]), stage)),
    show: (result) => result,
    keeps: true,
  })),
  {
    name: 'mountOverlay, of an upper in use',
    prepare: (scene, lib) => {
      const stage = layerStage(scene);
      lib.mountOverlaySync(stage);
      return { ...stage, target: scene.directory('other') };
    },
    act: refusedWith('EBUSY', (call, stage) => call('mountOverlay')(stage)),
    // An overlay whose own directories fail so, a dead server's for example, is no reason against all others.
    passesOver: (code) => code === 'EIO',
    show: (result) => result,
    keeps: true,
  },
  {
    name: 'Mount.unmount, of what is another by now',
    prepare: (scene, lib) => {
      const path = target(scene);
      const mount = lib.mountTmpfsSync(path);
      umountSync(path);
      mountSync('other', path, 'tmpfs');
      return { mount };
    },
    act: refusedWith('EINVAL', (call, { mount }) => call('unmount', mount)()),
    show: (result) => result,
    keeps: true,
  },
  // It is there already: found, or else nothing may be mounted over it.
  ...Object.entries({
    mountOverlay: (mount, { target, lower, upper, work }) => mount({ target, lower, upper, work, ...REUSE }),
    'mountOverlay, read-only': (mount, { target, lower }) => mount({ target, lower, ...REUSE }),
    mountTmpfs: (mount, { target }) => mount(target, { size: '1m', ...REUSE }),
    mountBind: (mount, { target, lower }) => mount(lower[0], target, REUSE),
  }).map(([name, act]) => {
    const [operation] = name.split(',');
    return {
      name: `${name}, reuse`,
      prepare: (scene, lib) => {
        const stage = layerStage(scene);
        act(lib[`${operation}Sync`], stage);
        return stage;
      },
      act: (call, stage) => act(call(operation), stage),
      ...handle,
    };
  }),
  {
    name: 'mountTmpfs',
    prepare: (scene) => ({ target: target(scene) }),
    act: (call, { target }) => call('mountTmpfs')(target, { size: '1m', mode: 0o700, noExec: true }),
    ...handle,
  },
  ...['fsconfig', 'data'].map((strategy) => ({
    name: `mountFilesystem by ${strategy}`,
    prepare: (scene) => ({ target: target(scene) }),
    act: (call, { target }) => call('mountFilesystem')('x', target, 'tmpfs', { parameters: { size: '1m' }, strategy }),
    ...handle,
  })),
];

const inRoot = ['directory', 'file'].map((create) => ({
  name: `mountBind in a root, making a ${create}`,
  prepare: (scene) => ({
    source: create === 'file' ? `${scene.directory('source', { file: 'x' })}/file` : scene.directory('source'),
    root: scene.directory('root'),
  }),
  act: (call, { source, root }) =>
    call('mountBind')(source, { root, path: '/a/b/c', create }, { readonly: true, ifMounted: 'error' }),
  ...handle,
  keeps: 'names',
}));

const overlaysInRoot = ['data', 'fsconfig', 'descriptors'].map((strategy) => ({
  name: `mountOverlay by ${strategy} in a root`,
  prepare: rootStage,
  act: (call, { root, lower, upper, work }) =>
    call('mountOverlay')({ lower, upper, work, strategy, target: { root, path: '/a/b', create: 'directory' } }),
  ...handle,
  keeps: 'names',
}));

const changes = [
  {
    name: 'setMountAttributes',
    prepare: (scene) => ({ target: scene.mounted('target') }),
    act: (call, { target }) => call('setMountAttributes')(target, { readonly: true, noExec: true }),
    keeps: true,
  },
  {
    name: 'setMountAttributes recursive',
    prepare: treeStage,
    act: (call, { source }) => call('setMountAttributes')(source, { readonly: true }, { recursive: true }),
    keeps: true,
  },
  {
    name: 'setPropagation recursive',
    prepare: treeStage,
    act: (call, { source }) => call('setPropagation')(source, 'shared', { recursive: true }),
    keeps: true,
  },
  {
    name: 'remountFilesystem',
    prepare: (scene) => ({ target: scene.mounted('target') }),
    act: (call, { target }) => call('remountFilesystem')(target, { parameters: { size: '2m' }, readonly: true }),
    keeps: true,
  },
  {
    name: 'moveMount',
    prepare: (scene) => ({ from: scene.mounted('from'), target: target(scene) }),
    act: (call, { from, target }) => call('moveMount')(from, target),
    show: handle.show,
    keeps: true,
  },
  {
    name: 'moveMount beneath, in a root',
    prepare: (scene) => ({ from: scene.mounted('from'), root: scene.directory('root'), at: scene.mounted('root/at') }),
    act: (call, { from, root }) => call('moveMount')(from, { root, path: 'at' }, { beneath: true }),
    show: handle.show,
    keeps: true,
  },
];

const withoutPlace = [
  {
    name: 'detachedBind',
    prepare: treeStage,
    act: (call, { source }) => call('detachedBind')(source, { readonly: true, recursive: true }),
    ...detached,
  },
  {
    name: 'detachedOverlay',
    prepare: layerStage,
    act: (call, { lower, upper, work }) => call('detachedOverlay')({ lower, upper, work }),
    ...detached,
  },
  {
    name: 'detachedFilesystem',
    prepare: () => ({}),
    act: (call) => call('detachedFilesystem')('x', 'tmpfs', { parameters: { size: '1m' } }),
    ...detached,
  },
  ...[false, true].map((clone) => ({
    name: `detachedBind and attach${clone ? ' a copy' : ''} in a root`,
    prepare: rootStage,
    act: async (call, { source, root }) => {
      const mount = await call('detachedBind')(source);
      try {
        return await call('attach', mount)({ root, path: '/a/b', create: 'directory' }, { clone });
      } finally {
        mount[Symbol.dispose]();
      }
    },
    ...handle,
    keeps: 'names',
  })),
  {
    name: 'attributes of a mount without a place',
    prepare: bindStage,
    act: async (call, { source }) => {
      const mount = await call('detachedBind')(source);
      try {
        await call('setAttributes', mount)({ readonly: true });
      } finally {
        mount[Symbol.dispose]();
      }
    },
  },
];

const umounts = [
  {
    name: 'umount',
    prepare: (scene) => ({ target: scene.mounted('target') }),
    act: (call, { target }) => call('umount')(target),
    keeps: true,
  },
  {
    name: 'umount lazy, without following',
    prepare: treeStage,
    act: (call, { source }) => call('umount')(source, { lazy: true, noFollow: true }),
    keeps: true,
  },
  {
    name: 'umount recursive',
    prepare: treeStage,
    act: (call, { source }) => call('umount')(source, { recursive: true }),
    keeps: true,
    partly: true,
  },
  {
    name: 'umount stack',
    prepare: (scene) => {
      scene.mounted('target');
      scene.mounted('target');
      return { target: scene.mounted('target') };
    },
    act: (call, { target }) => call('umount')(target, { stack: true }),
    keeps: true,
    partly: true,
  },
  {
    name: 'umount in a root',
    prepare: (scene) => ({ root: scene.directory('root'), at: scene.mounted('root/at') }),
    act: (call, { root }) => call('umount')({ root, path: 'at' }),
    keeps: true,
  },
  {
    name: 'umount of what is busy',
    prepare: (scene) => ({ target: scene.mounted('target'), held: openSync(scene.path('target'), 'r') }),
    act: (call, { target }) => call('umount')(target, { retry: { for: 5 }, then: 'force' }),
    settle: ({ held }) => closeSync(held),
    keeps: true,
  },
  {
    name: 'Mount.unmount',
    prepare: (scene, lib) => ({ mount: lib.mountTmpfsSync(target(scene)) }),
    act: (call, { mount }) => call('unmount', mount)(),
    keeps: true,
  },
];

const elsewhere = [
  {
    name: 'mountBind in another namespace',
    prepare: bindStage,
    containers: 1,
    act: (call, { source, target }, [{ pid }]) =>
      call('mountBind')(source, target, { readonly: true, namespace: { pid } }),
    ...handle,
  },
  {
    name: 'mountOverlay in another namespace, in a root',
    prepare: rootStage,
    containers: 1,
    act: (call, { lower, upper, work, root }, [{ pid }]) =>
      call('mountOverlay')({
        ...{ lower, upper, work, namespace: { pid } },
        target: { root, path: '/a/b', create: 'directory' },
      }),
    ...handle,
    keeps: 'names',
  },
  {
    name: 'umount in another namespace',
    prepare: (scene, lib, [{ pid }]) => {
      const at = target(scene);
      lib.mountTmpfsSync(at, { namespace: { pid } });
      return { target: at };
    },
    containers: 1,
    act: (call, { target }, [{ pid }]) => call('umount')(target, { namespace: { pid } }),
    keeps: true,
  },
];

const withoutIds = (entry) =>
  JSON.parse(JSON.stringify(entry, (key, value) => (/id$|^device$/i.test(key) ? undefined : value)));

// Of other processes, who may end meanwhile or be out of sight, /proc gives what it can.
const PROCFS = (code) => !['EMFILE', 'ENFILE', 'ENOMEM'].includes(code);

const questions = [
  {
    name: 'isMountPoint',
    prepare: (scene) => ({ target: scene.mounted('target') }),
    act: (call, { target }) => call('isMountPoint')(target),
    show: (answer) => answer,
  },
  {
    name: 'mountAt',
    prepare: (scene) => ({ target: scene.mounted('target', 'below') }),
    act: (call, { target }) => call('mountAt')(`${target}/below`),
    show: withoutIds,
  },
  {
    name: 'readMountTable',
    prepare: treeStage,
    act: (call) => call('readMountTable')(),
    show: ({ entries }) => entries.map(({ target, fsType, options }) => [target, fsType, options]),
  },
  {
    name: 'readMountTable of another namespace',
    prepare: treeStage,
    containers: 1,
    act: (call, _, [{ pid }]) => call('readMountTable')({ namespace: { pid } }),
    show: ({ entries }) => entries.map(({ target, fsType, options }) => [target, fsType, options]),
  },
  {
    name: 'Mount.overlay',
    prepare: (scene, lib) => ({ mount: lib.mountOverlaySync(layerStage(scene)) }),
    act: (call, { mount }) => call('overlay', mount)(),
    show: (spec) => spec,
  },
  {
    name: 'holders',
    prepare: (scene) => ({ target: scene.mounted('target'), held: openSync(scene.path('target'), 'r') }),
    act: (call, { target }) => call('holders')(target),
    show: (found) => found,
    settle: ({ held }) => closeSync(held),
    passesOver: PROCFS,
  },
  {
    name: 'overlaySupport',
    prepare: (scene) => ({ directory: scene.directory('upper') }),
    act: (call, { directory }) => call('overlaySupport')(directory),
    show: (support) => support,
    forms: ['async'],
    // Other errors are answers.
    passesOver: (code) => !['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR'].includes(code),
  },
  {
    name: 'watchMountTable',
    prepare: (scene) => ({ target: target(scene) }),
    act: async (call, { target }) => {
      const watcher = call('watchMountTable')({ under: target });
      try {
        const next = watcher.next();
        mountSync('x', target, 'tmpfs');
        return (await next).value;
      } finally {
        await watcher.return();
      }
    },
    show: ({ type, entry }) => [type, entry.target],
    forms: ['async'],
    // The mount is there however the watching ends.
    keeps: true,
    changes: true,
  },
];

/** @type {readonly any[]} */
export const cases = [
  ...mounts,
  ...inRoot,
  ...overlaysInRoot,
  ...changes,
  ...withoutPlace,
  ...umounts,
  ...elsewhere,
  ...questions,
];
