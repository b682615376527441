// Fault cases with a target inside a root directory.
import { constants, mountSync } from 'linux-mount';
import { handle, inside, treeStage } from './stages.js';

const share = (path) => mountSync(null, path, null, constants.MS_SHARED | constants.MS_REC);

export const inRoot = [
  ...['directory', 'file'].map((create) => ({
    name: `mountBind in a root, making a ${create}`,
    prepare: (scene) => ({
      source: create === 'file' ? `${scene.directory('source', { file: 'x' })}/file` : scene.directory('source'),
      root: scene.directory('root'),
    }),
    act: (call, { source, root }) =>
      call('mountBind')(source, inside(root, '/a/b/c', create), { readonly: true, ifMounted: 'error' }),
    ...handle,
    keeps: 'names',
  })),
  {
    // Undoing the bind must not propagate to the source, which is a peer of the new mount, nor to the mount below the
    // target.
    name: 'mountBind in a root, of a shared tree over a shared mount',
    prepare: (scene) => {
      const { source } = treeStage(scene);
      const root = scene.directory('root');
      for (const path of [source, scene.mounted('root/a')]) share(path);
      return { source, root };
    },
    act: (call, { source, root }) => call('mountBind')(source, inside(root, 'a'), { readonly: true, recursive: true }),
    ...handle,
  },
];
