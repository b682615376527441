// What the fault cases share: the preparation of a scene, and how results are shown and undone.
import { readdirSync } from 'node:fs';

/** The name of the pass of run.js. */
export const pass = process.env.LINUX_MOUNT_FAULTS;

// In the pass "no-mount_setattr", an operation that cannot make a mount namespace binds first, remounts the bind, and
// reports another `strategy`.
const mayBeRemounted = pass === 'no-mount_setattr' ? (code) => code === 'EPERM' : undefined;

export const handle = {
  show: ({ target, strategy, reused }) => ({ target: typeof target, strategy, reused }),
  undo: (mount) => mount.unmountSync(),
  passesOver: mayBeRemounted,
};

export const detached = {
  show: (mount) => ({ strategy: mount.strategy, inside: readdirSync(mount.path) }),
  undo: (mount) => mount[Symbol.dispose](),
};

export const target = (scene) => scene.directory('target');
export const bindStage = (scene) => ({ source: scene.directory('source', { file: 'x' }), target: target(scene) });

/** Makes a tree of mounts to bind, and a target. */
export const treeStage = (scene) => {
  const source = scene.mounted('source', 'a', 'b');
  scene.mounted('source/a', 'deeper');
  scene.mounted('source/a/deeper');
  scene.mounted('source/b');
  return { source, target: target(scene) };
};

export const layerStage = (scene) => ({
  lower: [scene.directory('top', { file: 'x' }), scene.directory('base')],
  upper: scene.directory('upper'),
  work: scene.directory('work'),
  target: target(scene),
});

export const rootStage = (scene) => ({
  ...layerStage(scene),
  source: scene.directory('source'),
  root: scene.directory('root'),
});

const IDS = [{ inside: 0, outside: 1000, count: 10 }];
export const MAPPED = { uid: IDS, gid: IDS };

/** Turns an operation that must fail with this code into an operation that succeeds when it fails so. */
export const refusal = (code, act) => ({
  act: async (call, stage) => {
    try {
      return await act(call, stage);
    } catch (error) {
      if (error.code !== code || error.left !== undefined) throw error;
      return 'refused';
    }
  },
  show: (result) => result,
  keeps: true,
  undoes: true,
});

/** Returns a target in a root. In the pass "no-openat2" the library looks up each component of the path itself. */
export const inside = (root, path, create) => ({
  ...{ root, path },
  ...(create === undefined ? {} : { create }),
  ...(pass === 'no-openat2' ? { allowEmulation: true } : {}),
});
