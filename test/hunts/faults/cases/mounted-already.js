// Fault cases with a mount at the target, where an operation must fail or reuse the mount.
import { mountSync, umountSync } from 'linux-mount';
import { handle, inside, layerStage, refusal, target } from './stages.js';

const FREE = { ifMounted: 'error' };
const REUSE = { ifMounted: 'reuse' };

export const mountedAlready = [
  // A mount is at the target, so the operation must not mount over it, whichever system call fails.
  ...Object.entries({
    mountOverlay: (mount, { target, lower, upper, work }) => mount({ target, lower, upper, work, ...FREE }),
    mountTmpfs: (mount, { target }) => mount(target, FREE),
    mountBind: (mount, { target, lower }) => mount(lower[0], target, FREE),
    'mountBind, in a root': (mount, { root, lower }) => mount(lower[0], inside(root, 'target'), FREE),
    moveMount: (mount, { target, movable }) => mount(movable, target, FREE),
  }).map(([name, act]) => ({
    name: `${name}, over something`,
    prepare: (scene) => ({
      ...layerStage(scene),
      root: scene.root,
      target: scene.mounted('target'),
      movable: scene.mounted('movable'),
    }),
    ...refusal('EBUSY', (call, stage) => act(call(name.split(',')[0]), stage)),
  })),
  {
    name: 'mountOverlay, of an upper in use',
    prepare: (scene, lib) => {
      const stage = layerStage(scene);
      lib.mountOverlaySync(stage);
      return { ...stage, target: scene.directory('other') };
    },
    ...refusal('EBUSY', (call, stage) => call('mountOverlay')(stage)),
    // EIO on the directories of one overlay, as after the end of a network server, does not stop the comparison with
    // other overlays.
    passesOver: (code) => code === 'EIO',
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
    ...refusal('EINVAL', (call, { mount }) => call('unmount', mount)()),
  },
  // The operation must reuse the mount at the target, or fail without mounting over it.
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
];
