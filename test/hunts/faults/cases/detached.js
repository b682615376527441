// Fault cases that make, change and attach detached mounts.
import { bindStage, detached, handle, inside, layerStage, rootStage, treeStage } from './stages.js';

export const detachedMounts = [
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
        return await call('attach', mount)(inside(root, '/a/b', 'directory'), { clone });
      } finally {
        mount[Symbol.dispose]();
      }
    },
    ...handle,
    keeps: 'names',
  })),
  {
    name: 'attributes of a detached mount',
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
  {
    name: 'detachedBind and attach beneath',
    prepare: (scene) => ({ source: scene.directory('source'), at: scene.mounted('at') }),
    act: async (call, { source, at }) => {
      const mount = await call('detachedBind')(source);
      try {
        return await call('attach', mount)(at, { beneath: true });
      } finally {
        mount[Symbol.dispose]();
      }
    },
    show: handle.show,
    // The handle unmounts the mount above, so there is nothing to undo.
    keeps: true,
  },
];
