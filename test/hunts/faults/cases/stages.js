import { readdirSync } from 'node:fs';

// What the cases have in common: places to prepare, and how what comes of an operation is shown and taken back.

/** The pass of run.js. */
export const pass = process.env.LINUX_MOUNT_FAULTS;

// In that pass: who may not have a mount namespace binds first and remounts then, and says so in `strategy`.
const mayBeRemounted = pass === 'apart' ? (code) => code === 'EPERM' : undefined;

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

/** A tree of mounts to bind, and a target. */
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

/** An operation that is to be refused with this code, as one that succeeds then. */
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

/** A target in a root; in that pass looked up step by step, as openat2(2) is missing. */
export const inside = (root, path, create) => ({
  ...{ root, path },
  ...(create === undefined ? {} : { create }),
  ...(pass === 'walked' ? { allowEmulation: true } : {}),
});
