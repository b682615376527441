// Fault cases in another mount namespace.
import { bindStage, handle, inside, rootStage } from './stages.js';

export const elsewhere = [
  {
    name: 'mountBind in another namespace',
    prepare: bindStage,
    containers: 1,
    act: (call, { source, target }, [{ pid }]) =>
      call('mountBind')(source, target, { readonly: true, namespace: { pid } }),
    ...handle,
  },
  {
    name: 'mountOverlay in another namespace, in a root',
    prepare: rootStage,
    containers: 1,
    act: (call, { lower, upper, work, root }, [{ pid }]) =>
      call('mountOverlay')({
        ...{ lower, upper, work, namespace: { pid } },
        target: inside(root, '/a/b', 'directory'),
      }),
    ...handle,
    keeps: 'names',
  },
  {
    name: 'detachedBind and attach in another namespace',
    prepare: bindStage,
    containers: 1,
    act: async (call, { source, target }, [{ pid }]) => {
      const mount = await call('detachedBind')(source);
      try {
        return await call('attach', mount)(target, { namespace: { pid } });
      } finally {
        mount[Symbol.dispose]();
      }
    },
    ...handle,
  },
  ...Object.entries({
    setMountAttributes: (change, at, namespace) => change(at, { readonly: true, noExec: true }, { namespace }),
    setPropagation: (change, at, namespace) => change(at, 'shared', { namespace }),
    remountFilesystem: (change, at, namespace) => change(at, { parameters: { size: '2m' }, namespace }),
    moveMount: (change, at, namespace, to) => change(at, to, { namespace }),
    umount: (change, at, namespace) => change(at, { namespace }),
  }).map(([name, act]) => ({
    name: `${name} in another namespace`,
    prepare: (scene, lib, [{ pid }]) => {
      const at = scene.directory('at');
      lib.mountTmpfsSync(at, { namespace: { pid } });
      return { at, to: scene.directory('to') };
    },
    containers: 1,
    act: (call, { at, to }, [{ pid }]) => act(call(name), at, { pid }, to),
    keeps: true,
  })),
];
