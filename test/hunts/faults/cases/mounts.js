// Fault cases of mount(2), bind mounts and filesystems.
import { constants } from 'linux-mount';
import { bindStage, handle, MAPPED, refusal, target, treeStage } from './stages.js';

const bind = (name, options, prepare = bindStage) => ({
  name: `mountBind ${name}`,
  prepare,
  act: (call, { source, target }) => call('mountBind')(source, target, options),
  ...handle,
});

export const mounts = [
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
  bind('with mapped ids', { idmap: MAPPED }),
  bind('unless something is mounted', { ifMounted: 'error' }),
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
  {
    name: 'mountTmpfs with mapped ids',
    prepare: (scene) => ({ target: target(scene) }),
    act: (call, { target }) => call('mountTmpfs')(target, { size: '1m', idmap: MAPPED }),
    ...handle,
  },
  {
    name: 'mountFilesystem with mapped ids',
    prepare: (scene) => ({ target: target(scene) }),
    act: (call, { target }) =>
      call('mountFilesystem')('x', target, 'tmpfs', { parameters: { size: '1m' }, idmap: MAPPED, readonly: true }),
    ...handle,
  },
  {
    name: 'mountFilesystem with mapped ids, which ramfs has not',
    prepare: (scene) => ({ target: target(scene) }),
    ...refusal('EINVAL', (call, { target }) => call('mountFilesystem')('x', target, 'ramfs', { idmap: MAPPED })),
  },
];
