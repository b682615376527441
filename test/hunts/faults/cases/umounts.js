// Fault cases that unmount mounts, trees and stacks.
import { closeSync, openSync } from 'node:fs';
import { inside, target, treeStage } from './stages.js';

export const umounts = [
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
    act: (call, { root }) => call('umount')(inside(root, 'at')),
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
  {
    name: 'Mount.unmount recursive',
    prepare: (scene, lib) => {
      const mount = lib.mountTmpfsSync(target(scene));
      scene.mounted('target/below', 'deeper');
      scene.mounted('target/below/deeper');
      return { mount };
    },
    act: (call, { mount }) => call('unmount', mount)({ recursive: true }),
    keeps: true,
    partly: true,
  },
  {
    name: 'Mount.unmount in a root',
    prepare: (scene, lib) => ({ mount: lib.mountTmpfsSync(inside(scene.directory('root'), 'at', 'directory')) }),
    act: (call, { mount }) => call('unmount', mount)(),
    keeps: true,
  },
];
