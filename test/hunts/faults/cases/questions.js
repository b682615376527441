// Fault cases of operations that read and change nothing: mount table, support, holders, watching.
import { closeSync, openSync } from 'node:fs';
import { mountSync } from 'linux-mount';
import { layerStage, target, treeStage } from './stages.js';

const withoutIds = (entry) =>
  JSON.parse(JSON.stringify(entry, (key, value) => (/id$|^device$/i.test(key) ? undefined : value)));

const tableWithoutIds = ({ entries }) => entries.map(({ target, fsType, options }) => [target, fsType, options]);

// /proc reports nothing about a process that ends meanwhile or that is hidden, so these errors may change the result.
const PROCFS = (code) => !['EMFILE', 'ENFILE', 'ENOMEM'].includes(code);

export const questions = [
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
    show: tableWithoutIds,
  },
  ...[
    ['another namespace', ({ pid }) => ({ namespace: { pid } })],
    ['another process', ({ pid }) => ({ pid })],
  ].map(([name, options]) => ({
    name: `readMountTable of ${name}`,
    prepare: treeStage,
    containers: 1,
    act: (call, _, [container]) => call('readMountTable')(options(container)),
    show: tableWithoutIds,
  })),
  ...['isMountPoint', 'mountAt'].map((name) => ({
    name: `${name} in another namespace`,
    prepare: (scene, lib, [{ pid }]) => {
      const at = target(scene);
      lib.mountTmpfsSync(at, { namespace: { pid } });
      return { at };
    },
    containers: 1,
    act: (call, { at }, [{ pid }]) => call(name)(at, { namespace: { pid } }),
    show: withoutIds,
    // The mount goes with the scene.
    keeps: true,
  })),
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
    undoes: true,
    // These operations report other errors as a part of the result.
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
    // The case ends with the mount in place, whether or not the watcher fails.
    keeps: true,
    changes: true,
  },
];
