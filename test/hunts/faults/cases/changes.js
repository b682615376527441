// Fault cases that change existing mounts: attributes, propagation, remount, move.
import { handle, inside, target, treeStage } from './stages.js';

export const changes = [
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
    act: (call, { from, root }) => call('moveMount')(from, inside(root, 'at'), { beneath: true }),
    show: handle.show,
    keeps: true,
  },
  ...Object.entries({
    setMountAttributes: (change, at) => change(at, { readonly: true, noExec: true }),
    'setMountAttributes recursive': (change, at) => change(at, { noSuid: true }, { recursive: true }),
    setPropagation: (change, at) => change(at, 'shared'),
    remountFilesystem: (change, at) => change(at, { parameters: { size: '2m' }, readonly: true }),
  }).map(([name, act]) => ({
    name: `${name} in a root`,
    prepare: (scene) => {
      const root = scene.directory('root');
      scene.mounted('root/at', 'below');
      scene.mounted('root/at/below');
      return { root };
    },
    act: (call, { root }) => act(call(name.split(' ')[0]), inside(root, 'at')),
    keeps: true,
  })),
  {
    name: 'moveMount in a root, making a directory',
    prepare: (scene) => ({ from: scene.mounted('root/from'), root: scene.path('root') }),
    act: (call, { root }) => call('moveMount')(inside(root, 'from'), inside(root, 'a/b', 'directory')),
    show: handle.show,
    keeps: true,
  },
];
