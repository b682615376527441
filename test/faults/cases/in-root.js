import { handle, inside } from './stages.js';

export const inRoot = ['directory', 'file'].map((create) => ({
  name: `mountBind in a root, making a ${create}`,
  prepare: (scene) => ({
    source: create === 'file' ? `${scene.directory('source', { file: 'x' })}/file` : scene.directory('source'),
    root: scene.directory('root'),
  }),
  act: (call, { source, root }) =>
    call('mountBind')(source, inside(root, '/a/b/c', create), { readonly: true, ifMounted: 'error' }),
  ...handle,
  keeps: 'names',
}));
